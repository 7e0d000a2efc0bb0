"""Some cases of the base version, run by a pytest of their own in a folder of their own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import GitError, LlmevalError
from pytest_llmeval.gather import session_file
from pytest_llmeval.options import ONLY, PURSE
from pytest_llmeval.options.stores import purse_of
from pytest_llmeval.options.table import NO_EXPORTS
from pytest_llmeval.plugin import only
from pytest_llmeval.plugin.same_options import same_options
from pytest_llmeval.plugin.state import STATE
from pytest_llmeval.store import git, worktrees

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from pytest_llmeval.records import CaseId, Session

_ENDS_WITHIN_S = 5.0
_FORGOTTEN = (
    *("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "PYTEST_CURRENT_TEST"),
    *(
        f"LLMEVAL_{name}"
        for name in [
            "BASE",
            "BASELINE_UPDATE",
            "CONFIRM",
            "FAIL_UNDER",
            "FORK",
            "MLFLOW",
            "PLAN",
            "PUSHGATEWAY",
            "REPORT",
            "SHARD",
            "STORE",
            "TENANT",
        ]
    ),
)
_FORGOTTEN_PREFIXES = ("GIT_", "PYTEST_XDIST_")


class BaseRunFailed(LlmevalError):
    """The base version could not be run."""


def run_base(config: pytest.Config, commit: str, n_trials: Mapping[CaseId, int], keep_in: Path) -> Session:
    """Run cases as a commit has them, and return the session that this leaves; every answer is asked for anew.

    The commit is checked out into a temporary folder, which is gone afterwards, however this ends. The user's checkout,
    index and branches are not touched.

    Args:
        config: of the run whose options are taken over.
        commit: of the base version.
        n_trials: the cases, and how many trials of each.
        keep_in: folder of sessions, where this one is kept: its answers were paid for.

    Raises:
        BaseRunFailed: it left no session; ``found`` has the end of what it said.
        GitError: the commit cannot be checked out.
    """
    top = git.top(config.rootpath)
    if top is None:
        raise GitError(f"{str(config.rootpath)!r} is no git checkout")
    with _worktree(top, commit) as (folder, checkout):
        root = checkout / config.rootpath.resolve().relative_to(top.resolve())
        only.write(folder / "cases.json", n_trials)
        modules = dict.fromkeys(id_.test.partition("::")[0] for id_ in n_trials)
        targets = [module for module in modules if (root / module).exists()]
        environment = _environment(top, checkout, folder / "cases.json") | _of_budget(config, folder)
        said = _obey(_command(config, root, targets), root, environment)
        written = root / ".llmeval" / "session.jsonl"
        if not targets or not written.exists():
            raise BaseRunFailed(f"the base version {commit[:12]!r} could not be run", found=_tail(said))
        session = session_file.read(written)
        keep_in.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(written, keep_in / f"{session.id}.jsonl")  # with its mode: nobody else may read it
        return session


@contextmanager
def _worktree(top: Path, commit: str) -> Iterator[tuple[Path, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="llmeval-base-"))
    checkout = folder / "checkout"
    try:
        worktrees.add(top, commit, checkout)
        yield folder, checkout
    finally:
        with _undisturbed():
            worktrees.remove(top, checkout)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C leave half of a folder behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _command(config: pytest.Config, root: Path, targets: list[str]) -> list[str]:
    typed = [str(arg) for arg in config.invocation_params.args]
    return [
        *(sys.executable, "-m", "pytest"),
        *same_options(typed, config.option.file_or_dir),
        f"--rootdir={root}",
        # Said last, so that nothing in the base version's ini or addopts has another word.
        *("--maxfail=0", "--llmeval-gate=off", "--llmeval-cache=refresh", *NO_EXPORTS),
        # Its answers are the base version's: they are kept in its own folder, and nobody else replays them.
        *("--llmeval-store=", "--llmeval-tenant="),
        *targets,
    ]


def _environment(top: Path, checkout: Path, cases: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _FORGOTTEN and not name.startswith(_FORGOTTEN_PREFIXES)
    }
    if "PYTEST_ADDOPTS" in kept:
        kept["PYTEST_ADDOPTS"] = shlex.join(same_options(shlex.split(kept["PYTEST_ADDOPTS"]), ()))
    # What is imported from the checkout here is to be imported from the other one there, installed editable or not.
    paths = [*_moved(top, checkout), *filter(None, [kept.get("PYTHONPATH", "")])]
    return {**kept, ONLY: str(cases), "PYTHONPATH": os.pathsep.join(map(str, paths))}


def _of_budget(config: pytest.Config, folder: Path) -> dict[str, str]:
    """Return what lets the base version spend from this session's budget, whatever its own ini says of money."""
    settings = config.stash[STATE].settings
    if not settings.purse:
        return {}
    ledger, account = settings.ledger
    environment = {PURSE: purse_of(account, ledger), "LLMEVAL_BUDGET_USD": repr(settings.budget_usd)}
    if settings.prices:
        prices = folder / "prices.json"
        prices.write_text(json.dumps(dict(settings.prices)), encoding="ascii")
        environment["LLMEVAL_PRICES"] = str(prices)
    return environment


def _moved(top: Path, checkout: Path) -> list[Path]:
    top = top.resolve()
    found = [Path(entry or ".").resolve() for entry in sys.path]
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if place and "." not in name:
            path = Path(place).resolve()
            found.append(path.parent.parent if path.name == "__init__.py" else path.parent)
    moved = [checkout / path.relative_to(top) for path in found if path.is_relative_to(top)]
    return [path for path in dict.fromkeys(moved) if path.is_dir()]


def _obey(command: list[str], root: Path, environment: Mapping[str, str]) -> str:
    """Run the command to its end and return what it said; where this process is stopped, so is that one."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - pytest itself
            command,
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to hand on, once
        )
        try:
            process.wait()
        finally:
            _end(process)
        output.seek(0)
        return output.read().decode("utf-8", errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDS_WITHIN_S)


def _tail(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E ", "ERROR"))]
    return (errors or lines or ["it said nothing"])[-1]

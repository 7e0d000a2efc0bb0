"""One run of pytest for ``llmeval watch``: started apart, heard out, stopped with us, and never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gather import dependencies, session_file
from pytest_llmeval.options import SESSIONS
from pytest_llmeval.options.table import NO_EXPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.gather.dependencies import Told, Wanted
    from pytest_llmeval.records import Session

KEPT_IN = "watch"
# No verdict, no baseline, nothing in a tracker or a metrics file: this is nobody's session but the watcher's.
_OFF = ("--llmeval-gate=off", "--llmeval-baseline-update=", *NO_EXPORTS)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_N_KEPT = 20
_N_ASKED = 2  # signals that pytest may answer in its own way; the next one ends it


class Ran(NamedTuple):
    """What became of a run.

    Args:
        status: pytest's exit status.
        session: what it left; None where it had no LLM test or did not come so far.
        told: what the cases depend on.
        output: what it printed, where that was kept back.
        signal: that stopped it, through us; 0 for none.
    """

    status: int
    session: Session | None
    told: Told
    output: str = ""
    signal: int = 0


def run(found: Project, arguments: Sequence[str], wanted: Wanted, *, cache: str, is_quiet: bool) -> Ran:
    """Run the wanted cases.

    Args:
        found: the project.
        arguments: the user's, for pytest.
        wanted: what to run.
        cache: where answers come from, whatever the settings say.
        is_quiet: keep its output back.

    Raises:
        StoreError: its session cannot be read.
    """
    kept_in = found.folder / KEPT_IN
    written = kept_in / "session.jsonl"
    written.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="llmeval-") as name:
        folder = Path(name)
        dependencies.write_wanted(folder, wanted._replace(root=str(found.root), leave_out=found.recordings))
        # Not -p: a worker of xdist would obey that only after it has imported every conftest.py.
        plugins = ",".join(filter(None, [os.environ.get("PYTEST_PLUGINS"), "pytest_llmeval.plugin.watched"]))
        environment = {**os.environ, dependencies.VARIABLE: name, SESSIONS: str(kept_in), "PYTEST_PLUGINS": plugins}
        is_colored = sys.stdout.isatty()
        if is_colored:
            environment["COLUMNS"] = str(shutil.get_terminal_size().columns)
        command = [
            *(sys.executable, "-P", "-m", "pytest", f"--rootdir={found.root}"),
            *("--no-header", *(["--color=yes"] if is_colored else [])),
            *(*_OFF, *arguments, f"--llmeval-cache={cache}"),
        ]
        page = folder / "output"
        sys.stdout.flush()
        with page.open("wb") as file:
            status, stopped = _wait(command, found.root, environment, file.fileno() if is_quiet else None)
        told = dependencies.read_told(folder)
        output = page.read_text(encoding="utf-8", errors="replace")
    session = session_file.read(written) if written.exists() else None
    _prune(written.parent / "sessions", session)
    return Ran(status, session, told, output, stopped)


def _prune(folder: Path, session: Session | None) -> None:
    """Keep the last sessions, for the next watch to compare with; not one that is only a question what is missing."""
    if session is not None and any(result.has_miss for result in session.results):
        (folder / f"{session.id}.jsonl").unlink(missing_ok=True)
    for path in sorted(folder.glob("*.jsonl"))[:-_N_KEPT]:
        path.unlink(missing_ok=True)


def _wait(command: Sequence[str], root: Path, environment: dict[str, str], output: int | None) -> tuple[int, int]:
    """Return the exit status, and the signal that was passed on, if one was.

    The run is a process group of its own, with its workers: what stops us is passed on to all of it once, whether it
    came from a terminal, which tells a whole group, or from a supervisor, which tells one process.
    """
    with _heard() as heard:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            command,
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            process_group=0,
        )
        try:
            n_passed = 0
            while True:
                try:
                    return process.wait(timeout=0.1), heard[0] if heard else 0
                except subprocess.TimeoutExpired:
                    for one in heard[n_passed:]:
                        n_passed += 1
                        _tell(process, one if n_passed <= _N_ASKED else signal.SIGKILL)
        finally:
            # Also a worker that its controller has left behind.
            _tell(process, signal.SIGKILL)


def _tell(process: subprocess.Popen[bytes], what: int) -> None:
    try:
        os.killpg(process.pid, what)
    except ProcessLookupError:
        return


@contextmanager
def _heard() -> Iterator[list[int]]:
    """Note the signals that come, instead of ending by them."""
    heard: list[int] = []
    before = {one: signal.signal(one, lambda number, _: heard.append(number)) for one in _SIGNALS}
    # A group that is not the terminal's own is stopped when it writes to one that is set to `tostop`, unless, as what
    # we start does with us, it ignores that.
    before[signal.SIGTTOU] = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        yield heard
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)

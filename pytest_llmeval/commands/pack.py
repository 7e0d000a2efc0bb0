"""``llmeval pack``: ready suites for day one, copied into the project and run there by pytest itself."""

from __future__ import annotations

import argparse
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest_llmeval
from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import say, say_table, shown
from pytest_llmeval.commands.running import run_pytest
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    # Any: argparse does not name the type of its subparsers.
    Commands = Any

NAMES = ("injection", "refusal", "robustness", "safety")
APP = "LLMEVAL_PACK_APP"
INTO = "llmeval_packs"
_HOME = Path(pytest_llmeval.__file__).parent / "packs"
# It says whom the packs ask, and stands once, beside all of them.
_SHARED = "conftest.py"
_APP = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")

_LS = "List the packs: what each looks for, with how many cases, whose they are, and under which licence."
_RUN = """\
Run a pack: a folder with cases and a test module. The first time it is copied into the project, to llmeval_packs/NAME,
with a conftest.py that says whom to ask. From then on these files are yours, to edit and to commit: nothing is written
over, and a plain `pytest` runs them too, with baseline, gate and recordings as any other tests.

Asked is the model under test (--llmeval-model), or your application: --app my_app:answer names a function from what a
user says to the answer. What it asks models itself is recorded."""
_EXAMPLES = """\
examples:
  llmeval pack run refusal -- --llmeval-model=openai/gpt-4o-mini
  llmeval pack run injection --app my_app:answer -- -n 4"""


class Pack(NamedTuple):
    """One pack, as its ``pack.toml`` says.

    Args:
        about: what it looks for.
        licences: of its cases.
        n_cases: how many.
    """

    about: str
    licences: str
    n_cases: int


def declare(commands: Commands) -> None:
    """Add ``pack`` and its own subcommands."""
    group = commands.add_parser("pack", help="ready suites: refusal, injection, safety, robustness")
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = verbs.add_parser("ls", help="list the packs", description=_LS, allow_abbrev=False)
    listing.set_defaults(run=ls)
    running = verbs.add_parser("run", help="run a pack", allow_abbrev=False)
    # A command for each, not an argument: argparse would not find pytest's arguments behind it and an option.
    names = running.add_subparsers(title="packs", metavar="NAME", required=True)
    for name in NAMES:
        parser = names.add_parser(
            name,
            description=_RUN,
            epilog=_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parser.add_argument("--app", metavar="MODULE:NAME", help="ask this function (default: the model under test)")
        parser.add_argument("--into", metavar="DIR", help=f"where it is copied to (default: {INTO}, below the root)")
        parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
        parser.add_argument("arguments", nargs="*", metavar="-- ARGUMENT", help="of pytest")
        parser.set_defaults(run=run, name=name)


def ls(arguments: argparse.Namespace) -> None:  # noqa: ARG001 - it takes none
    """Print the packs."""
    rows = [
        (name, str(pack.n_cases), pack.about, pack.licences) for name, pack in zip(NAMES, map(read, NAMES), strict=True)
    ]
    say_table(("pack", "cases", "what it looks for", "licence"), rows)


def run(arguments: argparse.Namespace) -> int:
    """Copy a pack into the project where it is not there, and run it; return pytest's exit status."""
    if arguments.app is not None and not _APP.fullmatch(arguments.app):
        raise UsageError(f"--app={arguments.app!r} is no function", hint="module, colon, name: --app my_app:answer")
    found = project.find(arguments.rootdir)
    into = Path(arguments.into).resolve() if arguments.into else found.root / INTO
    if not into.is_relative_to(found.root):
        raise UsageError(f"--into={arguments.into!r} lies outside the root", found=f"root: {found.root}")
    _copied(_HOME / arguments.name, into)
    # Files, not their folder: a project may have other names for test modules.
    modules = [str(path.relative_to(found.root)) for path in sorted((into / arguments.name).glob("test_*.py"))]
    if not modules:
        raise UsageError(
            f"{shown(into / arguments.name)} has no test_*.py", hint="delete the folder to have the pack copied again"
        )
    environment: dict[str, str | None] = {}
    if arguments.app is not None:
        environment = {APP: arguments.app, "PYTHONPATH": _path(found.root)}
    given = [*modules, *arguments.arguments]
    return run_pytest(found, given, written=found.session_file(None), environment=environment).status


def read(name: str) -> Pack:
    """Return a pack of this package."""
    import tomllib

    said = tomllib.loads((_HOME / name / "pack.toml").read_text(encoding="utf-8"))
    licences = ", ".join(dict.fromkeys(source["licence"] for source in said["sources"]))
    n_cases = len((_HOME / name / "cases.jsonl").read_text(encoding="utf-8").splitlines())
    return Pack(said["about"], licences, n_cases)


def _copied(pack: Path, into: Path) -> None:
    """Copy a pack whose folder is not there; what is there is the user's, and what they have deleted stays deleted."""
    target, shared = into / pack.name, into / _SHARED
    if target.exists():
        return
    into.mkdir(parents=True, exist_ok=True)
    if not shared.exists():
        shared.write_bytes((pack.parent / _SHARED).read_bytes())
        say(f"  made  {shown(shared)}")
    beside = into / f".{pack.name}.{os.getpid()}.tmp"
    try:
        shutil.copytree(pack, beside, ignore=shutil.ignore_patterns("__pycache__"))
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    say(f"  made  {shown(target)}: {', '.join(path.name for path in sorted(target.iterdir()))}")


def _path(root: Path) -> str:
    """Return the path of imports with the root in it: pytest is started without the current folder on it."""
    return os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))

"""pytest, run by a command in a process of its own, and the session that it leaves."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

from pytest_llmeval.calls.guard import without_password
from pytest_llmeval.commands.output import say
from pytest_llmeval.options import PURSE
from pytest_llmeval.options.stores import purse_of, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Session

# 1: a check below its threshold; 6: what is missing is told in the session's own words; 7: undecided.
_RAN = (0, 1, 6, 7)
_ACCOUNT = secrets.token_hex(8)


class Ran(NamedTuple):
    """What became of a run.

    Args:
        status: pytest's exit status.
        session: what it left; None where it left none, or was stopped.
    """

    status: int
    session: Session | None


def run_pytest(
    found: Project,
    arguments: Sequence[str],
    *,
    written: Path,
    environment: Mapping[str, str | None] | None = None,
    output: TextIO | None = None,
) -> Ran:
    """Run pytest in the project's root, say so, and read the session that it leaves.

    Args:
        found: the project.
        arguments: after ``pytest --rootdir=…``.
        written: where the newest session stands once it has run.
        environment: variables to set for it, or to take away where there is no value.
        output: a file to print into; None: its output is the user's own terminal's.

    Raises:
        StoreError: the session cannot be read.
    """
    from pytest_llmeval.gather import session_file

    # Never "python -m pytest" as it is: that would put the current folder on the path of imports, as `pytest` does not.
    command = [sys.executable, "-P", "-m", "pytest", f"--rootdir={found.root}", *arguments]
    # All pytests of one command spend one budget, where there is any.
    purse = {PURSE: purse_of(_account(found), found.database or found.folder / "spend.db")}
    given = {**purse, **os.environ, **(environment or {})}
    before = _newest(written)
    say("running " + shlex.join(["pytest", *map(without_password, command[4:])]))
    sys.stdout.flush()
    with _interrupts_left_to_it():
        status = subprocess.run(  # noqa: S603 - ourselves
            command,
            cwd=found.root,
            env={name: text for name, text in given.items() if text is not None},
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            check=False,
        ).returncode
    newest = _newest(written)
    is_new = status in _RAN and newest is not None and newest != before
    return Ran(status, session_file.read(written) if is_new else None)


def _account(found: Project) -> str:
    return run_of(os.environ) or _ACCOUNT if found.database is not None else _ACCOUNT


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """Let Ctrl-C, which reaches pytest as well, be pytest's: it keeps what has landed, and its exit status tells."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Not SIG_IGN: what starts with that would ignore it too.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _newest(written: Path) -> bytes | None:
    """Return what tells the newest session from an older one: the line that holds its id."""
    try:
        with written.open("rb") as file:
            return file.readline()
    except OSError:
        return None

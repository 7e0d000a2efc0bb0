"""``llmeval sessions ls``: every stored session in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.commands.sessions import arguments as args
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.exports import wording
from pytest_llmeval.gather import session_folder

if TYPE_CHECKING:
    import argparse

    from pytest_llmeval.records import Session

_LS = """\
Print stored sessions, the newest last: id, branch, commit, how it ended, exit status, cases, seconds. "partial" did not
run all of its tests (-k, -x, one file, Ctrl-C)."""

_COLUMNS = ("id", "branch", "commit", "outcome", "exit", "cases", "time")
_SHOWN_DIGITS, _LONGEST_BRANCH = 8, 20


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "ls", help="list stored sessions", description=_LS, run=ls)
    args.add_filters(parser, last=20)


def ls(arguments: argparse.Namespace) -> None:
    """Print a row for each session, and how many there are."""
    folder = everywhere.folder(project.find(arguments.rootdir))
    found, stored = args.heads(folder, arguments)[0], session_folder.stored(folder)
    if found:
        say_table(_COLUMNS, map(_row, found))
    n_bytes = sum(path.stat().st_size for path in stored)
    told = f"{wording.count(len(stored), 'session')} stored, {n_bytes / 1e6:.1f} MB"
    none = "none of them is of that branch" if stored else "run pytest first: each run with an LLM test leaves one"
    say("" if found else none, f"{len(found)} of {told}" if len(found) < len(stored) else told)


def _row(session: Session) -> tuple[str, ...]:
    outcome = wording.outcome(session) + (", partial" if session.is_partial else "")
    return (
        session.id,
        inert(session.branch, limit=_LONGEST_BRANCH),
        session.commit[:_SHOWN_DIGITS],
        outcome,
        "-" if session.exit_status is None else str(session.exit_status),
        str(len(session.plan.cases)),
        f"{session.duration_s:.0f} s",
    )

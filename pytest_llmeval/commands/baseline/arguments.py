"""What the verbs of ``llmeval baseline`` are told alike: lines, folder, session, date; and how they print changes."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands.baseline.differences import columns, matches, rows
from pytest_llmeval.commands.output import say, say_table
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmeval.commands.baseline.differences import Difference
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Line, Session

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

PATTERN_HELP = """\
PATTERN picks lines by any of: "test[case] metric" as this command prints it, the test, the case, pytest's node id, the
suite, the metric. * stands for any text and ? for one character; brackets mean themselves."""


def add(
    group: Commands,
    name: str,
    *,
    help: str,  # noqa: A002 - argparse's own word
    description: str,
    run: Callable[[argparse.Namespace], int | None],
    epilog: str = PATTERN_HELP,
    has_pattern: bool = True,
) -> argparse.ArgumentParser:
    """Add a verb with the arguments that all of them take, and return its parser."""
    parser = add_verb(group, name, help=help, description=description, run=run, epilog=epilog)
    if has_pattern:
        parser.add_argument("pattern", nargs="?", metavar="PATTERN", help="which lines (default: all)")
    parser.add_argument(
        "--baseline", metavar="PATH", help="its folder, or @NAME for one within (default: ini llmeval_baseline)"
    )
    return parser


def add_session(parser: argparse.ArgumentParser, help_: str = "session to take") -> None:
    """Let a verb be told which session it works on."""
    parser.add_argument("--session", metavar="FILE", help=f"{help_} (default: .llmeval/session.jsonl)")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Let a verb say what it would do."""
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")


def text(said: str) -> str:
    """Parse a text that must not be empty."""
    if not said.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return said.strip()


def iso_date(said: str) -> str:
    """Parse a day."""
    try:
        return date.fromisoformat(said).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{said!r} is no date such as 2026-12-31") from None


def today() -> str:
    """Return this day in UTC, as an ISO date."""
    return datetime.now(UTC).date().isoformat()


def session_of(found: Project, arguments: argparse.Namespace) -> Session:
    """Read the session that a verb works on."""
    from pytest_llmeval.gather import session_file

    return session_file.read(found.session_file(arguments.session))


def picked(lines: Sequence[Line], pattern: str | None, session: Session | None = None) -> list[Line]:
    """Return the lines that the pattern picks.

    Raises:
        UsageError: it picks none of those there are: a typing error is never "nothing to do".
    """
    nodeids = {result.id: result.nodeid for result in session.results} if session else {}
    found = [line for line in lines if matches(line, pattern, nodeids)]
    if lines and not found:
        raise UsageError(
            f"PATTERN {pattern!r} picks none of {len(lines)} lines",
            found=f"the first is {str(lines[0].id)!r}",
            hint="* stands for any text: 'tests/test_support.py::*', '*[refund-eu] relevance'",
        )
    return found


def say_differences(found: Sequence[Difference], old: str = "baseline", new: str = "session") -> None:
    """Print a row for each line that differs, under what the two sides are called."""
    notable = [one for one in found if one.word != "same"]
    if notable:
        say_table(columns(old, new), rows(notable))
        say("")

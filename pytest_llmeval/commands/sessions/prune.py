"""``llmeval sessions prune``: delete sessions that are older than they need to be."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import say
from pytest_llmeval.commands.sessions import arguments as args
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.wording import count
from pytest_llmeval.gather import session_folder

_PRUNE = """\
Delete session files that began longer ago than --older-than days, by default llmeval_retention. The newest stays. The
baseline needs none of them, since it holds its own scores."""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "prune", help="delete old sessions", description=_PRUNE, run=prune)
    parser.add_argument("--older-than", metavar="DAYS", type=_days, help="(default: ini llmeval_retention)")
    parser.add_argument("--yes", action="store_true", help="delete them; else only say what would go")


def prune(arguments: argparse.Namespace) -> None:
    """Delete them, or say what would go."""
    found = project.find(arguments.rootdir)
    days = arguments.older_than if arguments.older_than is not None else found.retention
    if days is None:
        raise UsageError("nobody says how old is too old", hint="llmeval sessions prune --older-than DAYS")
    old = session_folder.older_than(found.folder, days, datetime.now(UTC))
    what = f"{count(len(old), 'session')} older than {days:g} days"
    if not arguments.yes:
        n_bytes = sum(path.stat().st_size for path in old)
        say(f"{what}, {n_bytes / 1e6:.1f} MB" + ("; --yes deletes them" if old else ""))
        return
    say(f"{what} deleted, {session_folder.forget(old) / 1e6:.1f} MB freed")


def _days(said: str) -> float:
    try:
        days = float(said)
    except ValueError:
        days = -1.0
    if not 0.0 <= days < float("inf"):
        raise argparse.ArgumentTypeError(f"{said!r} is no number of days")
    return days

"""``llmeval sessions prune``: delete sessions that are older than they need to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import say
from pytest_llmeval.commands.parser import days
from pytest_llmeval.commands.sessions import arguments as args
from pytest_llmeval.commands.sessions.everywhere import LIMIT_S
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.wording import count
from pytest_llmeval.gather import session_folder

if TYPE_CHECKING:
    import argparse

    from pytest_llmeval.store.postgres.address import Address

_PRUNE = """\
Delete session files that began longer ago than --older-than days, by default llmeval_retention. The newest stays. The
baseline needs none of them, since it holds its own scores."""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "prune", help="delete old sessions", description=_PRUNE, run=prune)
    parser.add_argument("--older-than", metavar="DAYS", type=days, help="(default: ini llmeval_retention)")
    parser.add_argument("--yes", action="store_true", help="delete them; else only say what would go")


def prune(arguments: argparse.Namespace) -> None:
    """Delete them, or say what would go."""
    found = project.find(arguments.rootdir)
    age_days = arguments.older_than if arguments.older_than is not None else found.retention
    if age_days is None:
        raise UsageError("nobody says how old is too old", hint="llmeval sessions prune --older-than DAYS")
    old = session_folder.older_than(found.folder, age_days, datetime.now(UTC))
    if found.database is not None:
        _prune_team(found.database, age_days, is_meant=arguments.yes)
    what = f"{count(len(old), 'session')} older than {age_days:g} days"
    if not arguments.yes:
        n_bytes = sum(path.stat().st_size for path in old)
        say(f"{what}, {n_bytes / 1e6:.1f} MB" + ("; --yes deletes them" if old else ""))
        return
    say(f"{what} deleted, {session_folder.forget(old) / 1e6:.1f} MB freed")


def _prune_team(database: Address, age_days: float, *, is_meant: bool) -> None:
    """Delete what all machines have sent, or say what would go."""
    from pytest_llmeval.store.postgres.sessions import PostgresSessions

    sessions = PostgresSessions(database, limit_s=LIMIT_S)
    try:
        old = sessions.older_than(datetime.now(UTC) - timedelta(days=age_days))
        what = f"in {database}: {count(len(old), 'session')} older than {age_days:g} days"
        n_bytes = sum(one.n_bytes for one in old)
        if is_meant:
            sessions.forget([one.id for one in old])
            say(f"{what} deleted, {n_bytes / 1e6:.1f} MB freed")
        else:
            say(f"{what}, {n_bytes / 1e6:.1f} MB" + ("; --yes deletes them" if old else ""))
    finally:
        sessions.close()

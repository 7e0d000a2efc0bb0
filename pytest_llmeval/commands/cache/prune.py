"""``llmeval cache prune``: take out what is old, or what nothing needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.cache.needed import needed
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.commands.parser import days
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.wording import count
from pytest_llmeval.store import holdings, named_recordings
from pytest_llmeval.store.pruning import drop

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmeval.store.holdings import Damage, Stored
    from pytest_llmeval.store.postgres.address import Address

_PRUNE = """\
Take answers out of the working cache of this machine: those older than some days, those that nothing needs, or, with
both, those that are old and not needed. Needed is what stands in recordings, what a baseline names, and what a stored
session used. Nothing is changed without --yes.

With --recordings files of recordings are pruned too, which are in git. What a baseline names stays there whatever its
age: it is what a score stands on."""


class _Going(NamedTuple):
    """What may go: rows of the working cache, whole and damaged; and the lines of each file of recordings."""

    rows: Sequence[Stored]
    damaged: Sequence[Damage]
    lines: dict[Path, list[Stored]]
    kept_whole: list[Path]


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "prune", help="take out what is old or not needed", description=_PRUNE, run=prune)
    parser.add_argument("--older-than", type=days, metavar="DAYS", help="what was recorded longer ago")
    parser.add_argument("--unneeded", action="store_true", help="what no recording, baseline or session needs")
    parser.add_argument("--recordings", action="store_true", help="prune the files of recordings as well")
    parser.add_argument("--yes", action="store_true", help="do it; without, only say what would go")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")


def prune(arguments: argparse.Namespace) -> None:
    """Say what goes; with ``--yes`` take it out."""
    if arguments.older_than is None and not arguments.unneeded:
        raise UsageError("nothing says what is to go", hint="llmeval cache prune --older-than 90, or --unneeded")
    found = project.find(arguments.rootdir)
    going = _going(found, arguments)
    for path in going.kept_whole:
        say(f"{shown(path)}: kept whole; some scores stand on a text of several answers, which nobody can tell")
    n_rows = len(going.rows) + len(going.damaged)
    what = [f"{count(n_rows, 'answer')} of {shown(found.store)}"] if n_rows else []
    what += [f"{count(len(lines), 'answer')} of {shown(path)}" for path, lines in going.lines.items()]
    if not what:
        say("nothing to take out")
    elif not arguments.yes or arguments.dry_run:
        n_bytes = sum(one.n_bytes for lines in (going.rows, *going.lines.values()) for one in lines)
        say(*(f"would go: {text}" for text in what), f"{args.size(n_bytes)}; nothing was changed: --yes does it")
    else:
        _take_out(found.store, going)


def _going(found: project.Project, arguments: argparse.Namespace) -> _Going:
    paths = holdings.recordings_below(found.root, found.recordings)
    recorded = {path: holdings.of_recordings(path).stored for path in paths}
    working = holdings.of_store(found.store)
    need = needed(found, recorded)
    now, oldest_s = datetime.now(UTC), (arguments.older_than or 0.0) * 86_400

    def may_go(one: Stored, *, is_needed: bool) -> bool:
        seconds = args.seconds_since(one.response.recorded_at, now)
        is_old = arguments.older_than is None or (seconds is not None and seconds > oldest_s)
        return is_old and not (arguments.unneeded and is_needed)

    rows = [one for one in working.stored if may_go(one, is_needed=need.is_row_needed(one.response))]
    lines: dict[Path, list[Stored]] = {}
    kept_whole = []
    for path, stored in recorded.items() if arguments.recordings else ():
        if path in need.untold:
            kept_whole.append(path)
            continue
        gone = [
            one
            for one in stored
            if not need.is_named(one.response) and may_go(one, is_needed=need.is_used(one.response))
        ]
        if gone:
            lines[path] = gone
    return _Going(rows, working.damaged if arguments.unneeded else (), lines, kept_whole)


def _take_out(working_cache: Path | Address, going: _Going) -> None:
    if going.rows or going.damaged:
        whole = [(one.place, one.response.recorded_at) for one in going.rows]
        n_gone = drop(working_cache, whole, [(one.place, one.content) for one in going.damaged])
        say(f"{count(n_gone, 'answer')} taken out of {shown(working_cache)}")
    for path, lines in going.lines.items():
        n_gone = named_recordings.drop(path, {one.response.origin for one in lines})
        say(f"{count(n_gone, 'answer')} taken out of {shown(path)}")

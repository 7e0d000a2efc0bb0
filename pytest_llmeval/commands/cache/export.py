"""``llmeval cache export``: answers of the working cache as lines of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.exports.wording import count
from pytest_llmeval.store import holdings
from pytest_llmeval.store.record import to_line
from pytest_llmeval.store.recordings import Recordings

if TYPE_CHECKING:
    import argparse

_EXPORT = """\
Append the answers of the working cache to a file, in the form of recordings: a line of JSON each, oldest first, equal
answers in equal bytes. What the file has already is not written again, so it may stand in git with merge=union.
Prompts and answers are in it in full; keys and headers are not."""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group,
        "export",
        help="write the working cache as recordings",
        description=_EXPORT,
        run=export,
        epilog=args.PATTERN_HELP,
    )
    parser.add_argument("file", metavar="FILE", help="where to; - prints the lines")
    args.add_pattern(parser)


def export(arguments: argparse.Namespace) -> None:
    """Write what the pattern picks."""
    held = holdings.of_store(project.find(arguments.rootdir).store)
    found = sorted(
        (one.response for one in args.picked(held.stored, arguments.pattern)),
        key=lambda response: (response.recorded_at, response.key),
    )
    if arguments.file == "-":
        print("".join(f"{to_line(response)}\n" for response in found), end="")  # noqa: T201 - bytes for another program
        return
    path = Path(arguments.file)
    known = {one.response.origin for one in holdings.of_recordings(path).stored} if path.exists() else set()
    file = Recordings(path, on_first_write=say)
    fresh = [response for response in found if response.origin not in known]
    for response in fresh:
        file.put(response)
    has_these = f"; it has {len(found) - len(fresh)} of them already" if len(fresh) < len(found) else ""
    say(f"{count(len(fresh), 'answer')} written to {shown(path)}{has_these}")
    if held.damaged:
        say(f"{len(held.damaged)} damaged rows were left out: llmeval cache verify")

"""``llmeval cache import``: recordings into the working cache."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.cache.opening import opened
from pytest_llmeval.commands.cache.verify import DAMAGED
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.exports.wording import count
from pytest_llmeval.store import holdings

if TYPE_CHECKING:
    import argparse

_IMPORT = """\
Put the answers of files of recordings into the working cache of this machine, such as those that another machine has
exported. Of one request the newest answer stands, whatever the order. Lines that are damaged are named and left out,
and the exit status is 4 then."""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "import", help="take recordings into the working cache", description=_IMPORT, run=import_)
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSONL as `export` writes it; - reads standard input")


def import_(arguments: argparse.Namespace) -> int:
    """Read all files, then store what is whole."""
    found = project.find(arguments.rootdir)
    n_damaged = 0
    every: list[holdings.Stored] = []
    for name in arguments.files:
        held = _read(name)
        args.say_damage(held)
        n_damaged += len(held.damaged)
        every += held.stored
    standing = holdings.newest([*holdings.of_store(found.store).stored, *every])
    fresh = [one for one in holdings.newest(every).values() if standing[one.response.key] is one]
    cache = opened(found.store)
    try:
        for one in fresh:
            cache.put(one.response)
    finally:
        cache.close()
    left_out = f"; {n_damaged} damaged lines left out" if n_damaged else ""
    n_known = len({one.response.origin for one in every}) - len(fresh)
    known = f"; {n_known} are there, or older than what is there" if n_known else ""
    say(f"{count(len(fresh), 'answer')} stored in {shown(found.store)}{known}{left_out}")
    return DAMAGED if n_damaged else 0


def _read(name: str) -> holdings.Holdings:
    if name != "-":
        return holdings.of_recordings(Path(name))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "standard input"
        path.write_bytes(sys.stdin.buffer.read())
        return holdings.of_recordings(path)

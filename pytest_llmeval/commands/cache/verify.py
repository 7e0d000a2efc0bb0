"""``llmeval cache verify``: is everything that is stored what was stored?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.exports.wording import count
from pytest_llmeval.store import holdings

if TYPE_CHECKING:
    import argparse

DAMAGED = 4  # as for a baseline that `doctor` finds something wrong with

_VERIFY = """\
Check every digest: that each answer in the working cache fits its seal, that each line of each recording is whole, that
its text is the one that was recorded, and that it answers the request that stands beside it. Damage is never served,
but is a miss; here it is named by file and line. The exit status is 4 where something is damaged."""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    args.add(group, "verify", help="check every digest", description=_VERIFY, run=verify)


def verify(arguments: argparse.Namespace) -> int:
    """Name what is damaged, and say how much is not."""
    found = project.find(arguments.rootdir)
    paths = holdings.recordings_below(found.root, found.recordings)
    n_damaged = 0
    for path, held in [
        *(
            [(found.store, holdings.of_store(found.store))]
            if not isinstance(found.store, Path) or found.store.exists()
            else []
        ),
        *((path, holdings.of_recordings(path)) for path in paths),
    ]:
        args.say_damage(held)
        n_damaged += len(held.damaged)
        say(f"{shown(path)}: {count(len(held.stored), 'answer')} whole, {len(held.damaged)} damaged")
    if not n_damaged:
        say("nothing is damaged")
        return 0
    say(
        f"{n_damaged} damaged. They are not served. Of a recording: git checkout the file, or take the line out and",
        "record its answer again (pytest --llmeval-cache=auto). Of the working cache: llmeval cache prune --unneeded",
    )
    return DAMAGED

"""``llmeval sessions``: what was run, read again from the session files, whatever the cache has pruned since."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.commands.sessions.arguments import Commands

_DESCRIPTION = """\
Every run of pytest leaves a session in .llmeval/sessions/: its scores, its verdict, and its own copies of every request
and answer. Nothing here asks a provider, and nothing but `prune` changes anything."""


def declare(commands: Commands) -> None:
    """Add ``sessions`` and its own subcommands."""
    from pytest_llmeval.commands.sessions import compare, ls, prune, show, trend

    group = commands.add_parser(
        "sessions",
        help="list, show and compare what was run",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (ls, show, compare, trend, prune):
        module.declare(group)

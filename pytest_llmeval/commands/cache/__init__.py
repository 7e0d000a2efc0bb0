"""``llmeval cache``: what is stored, whether it may be believed, and every act of changing it; a verb a module."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.commands.cache.arguments import Commands

_DESCRIPTION = """\
Answers are stored in two places: in recordings, one file beside each test module, which belong in git; and in the
working cache of this machine, .llmeval/llmeval.db. The commands below read both. What changes something says so."""


def declare(commands: Commands) -> None:
    """Add ``cache`` and its own subcommands."""
    from pytest_llmeval.commands.cache import explain, export, ls, prune, refresh, show, verify
    from pytest_llmeval.commands.cache import import_ as import_module

    group = commands.add_parser(
        "cache",
        help="list, explain, check and change what is stored of answers",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (ls, show, explain, verify, refresh, prune, export, import_module):
        module.declare(group)

"""``llmeval judge``: what a metric is worth; a verb a module.

``asking`` writes a test of the labelled answers and lets pytest run it, so that they are scored by the same code,
judge, cache and budget as those of a suite; ``report`` prints how far scores and labels agree, ``suite_rate`` what
people would say of a whole session.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.commands.judge.arguments import Commands

_DESCRIPTION = """\
A score is worth what its agreement with people is worth. `check` measures it, and keeps it in git."""


def declare(commands: Commands) -> None:
    """Add ``judge`` and its own subcommands."""
    from pytest_llmeval.commands.judge import check

    group = commands.add_parser(
        "judge",
        help="measure how far a metric, or a judge, agrees with people",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (check,):
        module.declare(group)

"""``llmeval baseline``: what later runs are compared with, and every act of changing it; a verb a module."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.commands.baseline.arguments import Commands

_DESCRIPTION = """\
A baseline is what later runs are compared with: for each case and metric, the scores of the trials of one run or
several. It is text below the folder `baselines`, one small file for each test function, and belongs in git: a pull
request shows who changed which line, and why. Nothing but the commands below and `pytest --llmeval-baseline-update`
changes it, and each says what it changes.

A folder of it whose name begins with @ is another baseline: --baseline=@release."""


def declare(commands: Commands) -> None:
    """Add ``baseline`` and its own subcommands."""
    from pytest_llmeval.commands.baseline import accept, diff, doctor, extend, log, prune, reject, rollback, show

    group = commands.add_parser(
        "baseline",
        help="show, compare and change what later runs are compared with",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (show, diff, log, accept, reject, extend, rollback, prune, doctor):
        module.declare(group)

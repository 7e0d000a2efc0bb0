"""``llmeval gate``: what a team asks of its own gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Any: argparse does not name the type of its subparsers.
    Commands = Any


def declare(commands: Commands) -> None:
    """Add ``gate`` and its own subcommand."""
    from pytest_llmeval.commands.gate import check
    from pytest_llmeval.commands.gate.faults import FaultParser

    group = commands.add_parser("gate", help="say how far to trust this suite's gate").add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=FaultParser
    )
    check.declare(group)

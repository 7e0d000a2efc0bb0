"""``llmeval label``: what people say of answers, asked at the terminal or fetched from MLflow; a verb a module.

``candidates`` finds the answers in stored sessions, with all that a metric needs beside them; ``agreement.queue`` says
whose turn it is. The page of ``llmeval ui`` stands on the same two.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.commands.parser import Commands

_DESCRIPTION = """\
Labels say what people think of answers; they are lines of a file in git. `llmeval judge check` sets a metric, or a
judge, against them, and says which threshold fits."""


def declare(commands: Commands) -> None:
    """Add ``label`` and its own subcommands."""
    from pytest_llmeval.commands.label import importing, ls, next_one

    group = commands.add_parser(
        "label",
        help="say what you think of answers, for judges to be measured by",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (next_one, ls, importing):
        module.declare(group)

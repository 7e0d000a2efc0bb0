"""``llmeval rejudge``: the judged scores of a stored session, by another judge or criterion, beside the old ones."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.commands.judge.arguments import Commands

_REJUDGE = """\
Score the stored answers of a session again by another judge, or another criterion, so that old and new scores stand on
one yardstick. Nothing but judges is asked: answers and material are those of the session. Grades are cached like all
answers. The session, the baseline and the newest session stay as they are.

A new judge is worth what its agreement with people is worth: llmeval judge check."""

_EXAMPLES = """\
examples:
  llmeval rejudge --judge openai/gpt-4o
  llmeval rejudge ~1 --metric kindness --rubric 'It is kind, and it is brief.'"""


def declare(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rejudge",
        help="score a session's answers again by another judge",
        description=_REJUDGE,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "session",
        nargs="?",
        default="",
        metavar="ID",
        help="which session, of any machine (default: this machine's newest)",
    )
    parser.add_argument("--judge", metavar="MODEL[,MODEL]", help="who grades (default: llmeval_judge)")
    parser.add_argument("--metric", metavar="NAME", help="only checks of that name")
    parser.add_argument("--rubric", metavar="TEXT", help="another criterion, in plain words; with --metric")
    parser.add_argument("--output", metavar="PATH", help="write old and new scores there, as JSON Lines")
    parser.add_argument("--all", action="store_true", help="print every decision that changed, not the first five")
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.add_argument("options", nargs="*", metavar="-- ARGUMENT", help="of pytest")
    parser.set_defaults(run=rejudge)


def rejudge(arguments: argparse.Namespace) -> None:
    """Score again, and say what became of each score."""
    from pytest_llmeval.commands.judge import rejudging

    rejudging.rejudge(arguments)

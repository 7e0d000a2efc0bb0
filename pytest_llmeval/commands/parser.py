"""The parser of the command line, which speaks as all errors of ours do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    # Any: argparse does not name the type of its subparsers.
    Commands = Any


class Parser(argparse.ArgumentParser):
    """Raises where argparse would exit, so that every error of ours looks alike."""

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError with argparse's own words."""
        raise UsageError(message, hint=f"{self.prog} --help")


def add_verb(
    group: Commands,
    name: str,
    *,
    help: str,  # noqa: A002 - argparse's own word
    description: str,
    run: Callable[[argparse.Namespace], int | None],
    epilog: str = "",
) -> argparse.ArgumentParser:
    """Add a verb with the argument that all of them take, and return its parser."""
    parser: argparse.ArgumentParser = group.add_parser(
        name,
        help=help,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.set_defaults(run=run)
    return parser


def days(said: str) -> float:
    """Parse an age in days, from 0."""
    try:
        age_days = float(said)
    except ValueError:
        age_days = -1.0
    if not 0.0 <= age_days < float("inf"):
        raise argparse.ArgumentTypeError(f"{said!r} is no number of days")
    return age_days

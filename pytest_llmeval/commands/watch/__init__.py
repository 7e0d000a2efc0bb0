"""``llmeval watch``: work on a prompt; what a change may have changed is run again, and nothing is spent unasked."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_WATCH = """\
Run the tests, then wait. Whenever a prompt, a case or code is saved, run again the cases that depend on it, and show
what became of their answers, word by word, and of their scores.

Every run first asks nobody: it replays what is recorded. Where something is not, what it would cost is said, and you
are asked. Enter runs every case once more; Ctrl-C ends.

The exit status is 0; 130 where a run was broken off; with --once that of pytest."""

_EXAMPLES = """\
examples:
  llmeval watch
  llmeval watch --max-usd 0.50 -- tests/test_support.py -k refund
  llmeval watch --once --yes"""


def declare(commands: Commands) -> None:
    """Add ``watch``."""
    parser = commands.add_parser(
        "watch",
        help="run again what a saved file may have changed",
        description=_WATCH,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    consent = parser.add_mutually_exclusive_group()
    consent.add_argument("--yes", action="store_true", help="ask for what is not recorded, without a question")
    consent.add_argument(
        "--max-usd", type=_dollars, metavar="X", help="the same, while all runs together cost no more than X dollars"
    )
    parser.add_argument("--once", action="store_true", help="run once, and do not wait for changes")
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.add_argument("arguments", nargs="*", metavar="-- ARGUMENT", help="of pytest")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Watch until the user has enough."""
    from pytest_llmeval.commands.watch.watcher import Consent, Watcher

    return Watcher(
        arguments.rootdir,
        arguments.arguments,
        Consent(is_given=arguments.yes, most_usd=arguments.max_usd),
        is_once=arguments.once,
    ).watch()


def _dollars(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise UsageError(f"--max-usd={text!r} is not allowed", hint="it takes US dollars, such as 0.50")
    return value

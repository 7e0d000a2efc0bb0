"""``llmeval run --until-decided``: pytest, with more trials of every case from round to round, until the gate knows."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import say
from pytest_llmeval.commands.running import run_pytest
from pytest_llmeval.errors import UsageError
from pytest_llmeval.options import ROUNDS

if TYPE_CHECKING:
    from pytest_llmeval.records import TrialPlan

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_RUN = """\
Run pytest with `--llmeval-trials=auto --llmeval-gate=pr`. With --until-decided run it again while the gate is
undecided, each time with more trials of every case (1, 2, 3, 5, 10), as far as the baseline can tell more by them. What
an earlier round has drawn is replayed, so a round buys only its new trials. Looking several times is paid for: each
look has its share of the 5 % that a false alarm may take, so to stop at a red one is no cheating.

It gives up where nothing looks like a drop. With --prove it goes on, to prove that nothing changed.

The exit status is that of the last round."""

_EXAMPLES = """\
examples:
  llmeval run --until-decided
  llmeval run --until-decided -- -n 4 tests/test_support.py"""

_DECIDED = (0, 1, 7)


def declare(commands: Commands) -> None:
    """Add ``run``."""
    parser = commands.add_parser(
        "run",
        help="run pytest, in rounds until the gate has decided",
        description=_RUN,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--until-decided", action="store_true", help="go on with more trials while undecided")
    parser.add_argument("--prove", action="store_true", help="go on to prove that nothing changed, too")
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.add_argument("arguments", nargs="*", metavar="-- ARGUMENT", help="of pytest")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the rounds; return the last one's exit status."""
    from pytest_llmeval import gate

    if arguments.prove and not arguments.until_decided:
        raise UsageError("--prove has no meaning by itself", hint="llmeval run --until-decided --prove")
    found = project.find(arguments.rootdir)
    options = ["--llmeval-gate=pr", *arguments.arguments, "--llmeval-trials=auto"]
    environment: dict[str, str | None] = {ROUNDS: "[]"} if arguments.until_decided else {}
    written = found.session_file(None)
    status, session = run_pytest(found, options, written=written, environment=environment)
    while arguments.until_decided and status in _DECIDED and session is not None:
        if session.trials is None or session.verdict is None:
            raise UsageError(
                "the gate was off, so there is nothing to decide",
                found="the arguments of pytest turn it off",
                hint="llmeval run --until-decided -- (without --llmeval-gate=off)",
            )
        step = gate.next_round(session.trials, session.verdict.comparisons, is_lean=not arguments.prove)
        say(f"round {_n_rounds(session.trials)}: {step.reason}")
        if step.plan is None:
            break
        # What the round before has drawn counts: it must be replayed, however that one came by it.
        environment = {ROUNDS: _rounds(step.plan)}
        status, session = run_pytest(
            found, [*options, "--llmeval-cache=auto"], written=written, environment=environment
        )
    return status


def _n_rounds(plan: TrialPlan) -> int:
    return max((suite.n_rounds for suite in plan.suites), default=1)


def _rounds(plan: TrialPlan) -> str:
    return json.dumps([[suite.suite, suite.metric, suite.n_rounds] for suite in plan.suites])

"""``llmeval gate check``: the suite's gate, tried where nothing changed, and where something did."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.gate import consent
from pytest_llmeval.commands.gate.faults import Fault, parse_fault
from pytest_llmeval.commands.gate.runs import refuse_auto, run_unchanged, run_with_fault
from pytest_llmeval.commands.output import inert, say, say_table, shown
from pytest_llmeval.errors import BaselineError, UsageError
from pytest_llmeval.exports.trust_text import columns, heading, rows, sentences
from pytest_llmeval.exports.wording import count
from pytest_llmeval.gather import trust_file
from pytest_llmeval.store import baselines
from pytest_llmeval.store.folder import make_private

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records.trust import TrustReport

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_CHECK = """\
Say how far to trust the gate of this suite, on this code.

False alarms: the suite runs twice, nothing being changed, every answer asked for anew. One run is the baseline and the
other the session, so that every REGRESSED is a false alarm; --pairs says how often. The same draws are then dealt out
anew at random, hundreds of times and without a call.

Misses: --fault runs the suite once more, worse on purpose, and says whether the gate saw it, and how often it would
have with fewer trials. Faults that are put into the draws themselves tell, without a call, how large a change must be.

No recording, no baseline and no session of yours is touched: the runs are kept in .llmeval/gate-check."""

_EXAMPLES = """\
examples:
  llmeval gate check --pairs 3 --trials 5
  llmeval gate check --yes --fault "SUPPORT_PROMPT=prompts/worse.md" --fault "--llmeval-model=openai/weaker"
  llmeval gate check --pairs 0                  call nothing: deal out the draws of the stored baseline
  llmeval gate check --pairs 2 -- tests/test_support.py -n 4
  llmeval gate check --show"""

_LONGEST_SENTENCE = 1_000


def declare(group: Commands) -> None:
    """Add the verb."""
    parser = group.add_parser(
        "check",
        help="count this suite's false alarms and misses",
        description=_CHECK,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--pairs", type=_number, metavar="N", help="pairs of runs of unchanged code (default: 1)")
    parser.add_argument("--trials", type=_number, metavar="N", help="trials a case, where no marker says")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="TEXT",
        help="run the suite with it as well: NAME=value of the environment, or arguments of pytest; repeatable",
    )
    parser.add_argument("--resamples", type=_number, default=400, metavar="N", help="ways to deal draws out (400)")
    parser.add_argument("--yes", action="store_true", help="agree to what it will call")
    parser.add_argument("--show", action="store_true", help="print the last report, and run nothing")
    parser.add_argument(
        "--baseline", metavar="PATH", help="whose runs are set beside each other (default: ini llmeval_baseline)"
    )
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="-- ARGS", help="for pytest, from the root")
    parser.set_defaults(run=check)


def check(arguments: argparse.Namespace) -> None:
    """Run, count, store and print; or print what was stored."""
    from pytest_llmeval.commands.gate.findings import report_of

    found = project.find(arguments.rootdir)
    if arguments.show:
        _say(trust_file.read(found.folder))
        return
    if arguments.resamples == 0:
        raise UsageError("--resamples=0 counts nothing", hint="say 100 or more")
    faults = [parse_fault(said) for said in arguments.fault]
    n_pairs = 1 if arguments.pairs is None else arguments.pairs
    typed = _typed(arguments)
    if n_pairs or faults:
        refuse_auto(found, typed)
    _agree(found, arguments, n_pairs, faults)
    stored = baselines.read(found.baseline(arguments.baseline))
    if not (n_pairs or stored.lines):
        raise BaselineError("there is no baseline whose draws could be dealt out", hint="store one, or say --pairs 1")
    unchanged = [run_unchanged(found, typed) for _ in range(2 * n_pairs)]
    faulty = [(fault.name, run_with_fault(found, typed, fault)) for fault in faults]
    say("", "dealing the draws out ...")
    sys.stdout.flush()
    report = report_of(stored, unchanged, faulty, arguments=typed, n_resamples=arguments.resamples)
    make_private(found.folder)
    path = trust_file.write(report, found.folder)
    _say(report)
    say("", f"stored in {shown(path)}; `llmeval gate check --show` prints it again")


def _agree(found: project.Project, arguments: argparse.Namespace, n_pairs: int, faults: Sequence[Fault]) -> None:
    """Say what will be called, and go on only where that is free or somebody has agreed."""
    n_runs = 2 * n_pairs + len(faults)
    if not n_runs:
        return
    what = f"{count(n_pairs, 'pair')} of runs, {count(len(faults), 'planted fault')}"
    is_free = consent.announce(found, n_runs, what, may_leave=any(fault.moves_endpoint for fault in faults))
    if not (is_free or arguments.yes or arguments.pairs is not None):
        consent.refuse(n_runs)


def _typed(arguments: argparse.Namespace) -> list[str]:
    """Return what pytest is given."""
    words = list(arguments.arguments)
    words = words[1:] if words[:1] == ["--"] else words
    return [f"--llmeval-trials={arguments.trials}", *words] if arguments.trials else words


def _say(report: TrustReport) -> None:
    say(inert(heading(report), limit=_LONGEST_SENTENCE))
    say_table(columns(report), rows(report))
    say("", *(inert(sentence, limit=_LONGEST_SENTENCE) for sentence in sentences(report)))


def _number(said: str) -> int:
    if not (said.isascii() and said.isdigit()):
        raise argparse.ArgumentTypeError(f"{said!r} is no whole number")
    return int(said)

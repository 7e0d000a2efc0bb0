"""``llmeval baseline extend``: more trials of the same code, behind those that a baseline has."""

from __future__ import annotations

import argparse
import shlex
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.baseline.stale import refuse_edited, refuse_other_than_main
from pytest_llmeval.commands.output import say, say_table, shown
from pytest_llmeval.commands.running import run_pytest
from pytest_llmeval.errors import BaselineError
from pytest_llmeval.options import FIRST_TRIAL
from pytest_llmeval.store import baselines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmeval.records import Baseline, BaselineRun, CheckId, Line, Session

_EXTEND = """\
Run pytest on main and append its trials to the lines of the baseline, whatever their scores: appending only good runs
would raise the bar by luck. Thresholds and reasons stay, and so do lines that are not drawn again. The trials are new
draws: their index goes on where no other run counts. What was drawn before an extension was broken off is replayed, not
bought again. A line keeps its last 20 draws, each with its run.

With PATTERN only the test functions of the picked lines are run. With --session pytest is not run, and the trials of
that session are appended.

Refused on another commit than the main branch's, and with edited files: draws of other code are no trials of main."""

_EXAMPLES = """\
examples:
  llmeval baseline extend --trials 5
  llmeval baseline extend 'refund-*' --pytest-args="-n 4" """

MOST_DRAWS = 20
# Room for every index that an ordinary run may use; so no index of an extension is one of a run's, or of another's.
_BLOCK = 1_000


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group,
        "extend",
        help="append new trials, drawn on main",
        description=_EXTEND,
        run=extend,
        epilog=f"{args.PATTERN_HELP}\n\n{_EXAMPLES}",
    )
    parser.add_argument(
        "--trials", type=_trials, metavar="N", help=f"trials a case, 1 to {MOST_DRAWS}, where no marker says"
    )
    parser.add_argument("--pytest-args", default="", metavar="TEXT", help='more arguments for pytest, as "-n 4"')
    parser.add_argument("--session", metavar="FILE", help="append this session's trials, and run nothing")
    parser.add_argument("--force", action="store_true", help="extend on another commit than main's, or edited files")


def extend(arguments: argparse.Namespace) -> None:
    """Draw, and append what was drawn; say how many draws each line has now."""
    found = project.find(arguments.rootdir)
    folder = found.baseline(arguments.baseline)
    baseline = baselines.read(folder)
    if not baseline.lines:
        raise BaselineError(
            f"there is no baseline in {shown(folder)} to extend",
            hint='store one first: pytest, then llmeval baseline accept --reason "..."',
        )
    lines = args.picked(sorted(baseline.lines.values(), key=lambda line: line.id), arguments.pattern)
    if arguments.session:
        session = args.session_of(found, arguments)
    else:
        if not arguments.force:
            refuse_other_than_main(found, None)
            refuse_edited(found, folder)
        session = _run(found, baseline, lines, arguments)
    if not arguments.force:
        refuse_other_than_main(found, session)
    baselines.refuse_partial(session)
    _append(folder, lines, session)


def _trials(said: str) -> int:
    if not (said.isascii() and said.isdigit() and 1 <= int(said) <= MOST_DRAWS):
        raise argparse.ArgumentTypeError(f"{said!r} is no whole number from 1 to {MOST_DRAWS}: a line keeps no more")
    return int(said)


def _run(found: project.Project, baseline: Baseline, lines: Sequence[Line], arguments: argparse.Namespace) -> Session:
    """Run pytest on the tests of the lines, and return the session that it leaves."""
    told = ["--llmeval-gate=off", "--llmeval-baseline-update="]
    told += [f"--llmeval-trials={arguments.trials}"] if arguments.trials else []
    told += shlex.split(arguments.pytest_args)
    if arguments.pattern:
        told += sorted({line.id.test.partition("[")[0] for line in lines})
    first = {FIRST_TRIAL: str(_first_trial(baseline.runs))}
    ran = run_pytest(found, told, written=found.session_file(None), environment=first)
    if ran.session is None:
        raise BaselineError(
            "nothing was drawn, and the baseline is as it was",
            found=f"pytest ended with exit status {ran.status}",
            hint="see its output above",
        )
    return ran.session


def _first_trial(runs: Mapping[str, BaselineRun]) -> int:
    """Return where an extension counts from: behind every other one's block.

    The same as long as nothing was appended: an extension that was broken off finds its recordings again.
    """
    return (max((run.first_trial for run in runs.values()), default=0) // _BLOCK + 1) * _BLOCK


def _append(folder: Path, lines: Sequence[Line], session: Session) -> None:
    from pytest_llmeval import gate

    drawn = {line.id: line for line in gate.first_drawn(gate.lines_of(session.id, session.results), session.trials)}
    fates: Counter[str] = Counter()
    table = []

    def change(id_: CheckId, stored: Line | None) -> Line | None:
        fate, line = _extended(stored, drawn.get(id_))
        fates[fate] += 1
        if stored is not None and line is not None and line is not stored:
            table.append((str(id_), str(len(stored.draws)), str(len(line.draws))))
        return line

    written = baselines.revise(folder, [line.id for line in lines], change, [baselines.run_of(session)])
    if not written:
        raise BaselineError(
            f"session {session.id!r} has no new trial of {len(lines)} lines",
            found="; ".join(f"{n} {fate}" for fate, n in sorted(fates.items())),
            hint="a new trial needs a provider's key: without one only recordings can be replayed",
        )
    say_table(("case and metric", "draws before", "draws now"), table)
    say("", "; ".join(f"{n} {fate}" for fate, n in sorted(fates.items())), *(f"  {shown(path)}" for path in written))
    n_new = len(drawn.keys() - {line.id for line in lines})
    if n_new:
        say(f"{n_new} lines of the session are not in the baseline, or not meant; `accept` stores new ones")
    say("review and commit them, with the recordings: git add " + shown(folder))


def _extended(stored: Line | None, drawn: Line | None) -> tuple[str, Line | None]:
    """Say what becomes of a line, and return it."""
    if stored is None:
        return "gone while it was drawn", None
    if drawn is None or not drawn.draws:
        return "not drawn", stored
    if not drawn.is_comparable(stored):
        return "not appended: another input, metric version or kind of check", stored
    if drawn.is_case_level and drawn.n_trials != stored.n_trials:
        return f"not appended: measured over {drawn.n_trials} trials, stored over {stored.n_trials}", stored
    known = {draw.origin for draw in stored.draws if draw.origin}
    runs = {draw.run for draw in stored.draws}
    fresh = [draw for draw in drawn.draws if draw.origin not in known and draw.run not in runs]
    if not fresh:
        return "not appended: the line has these draws", stored
    draws = (*stored.draws, *fresh)[-MOST_DRAWS:]
    return "lines extended", replace(stored, draws=draws, n_unscored=stored.n_unscored + drawn.n_unscored)

"""``llmeval baseline show``: what is stored, and how far its runs lie apart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.baseline.differences import mean, threshold
from pytest_llmeval.commands.output import inert, say, say_table, shown
from pytest_llmeval.store import baseline_folder, baselines

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pytest_llmeval.records import Baseline, Line

_SHOW = """\
Print what is stored: for each case and metric the mean score, the number of trials, the threshold, the newest run, and
why it was accepted. Other baselines in its folder are named below.

With --runs: the mean of every run, and how far the runs lie apart. Noise between trials alone lets them differ; where
they differ by more, something changed between them, and a later session may be called better or worse for it."""

_COLUMNS = ("suite", "case and metric", "mean", "trials", "threshold", "recorded", "commit", "accepted")
_RUN_COLUMNS = ("suite", "metric", "run", "recorded", "commit", "model", "cases", "trials", "mean", "shift")
_LONGEST_SENTENCE = 1_000


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "show", help="print what is stored", description=_SHOW, run=show)
    parser.add_argument("--runs", action="store_true", help="print the runs, and the drift between them")


def show(arguments: argparse.Namespace) -> None:
    """Print the stored lines, or the runs that drew them."""
    folder = project.find(arguments.rootdir).baseline(arguments.baseline)
    baseline = baselines.read(folder)
    if not baseline.lines:
        say(f"no baseline in {shown(folder)}", 'to store one: pytest, then llmeval baseline accept --reason "..."')
    else:
        lines = sorted(baseline.lines.values(), key=lambda line: (line.suite, line.id))
        picked = args.picked(lines, arguments.pattern)
        if arguments.runs:
            _say_runs(baseline, picked)
        else:
            say_table(_COLUMNS, [_row(baseline, line) for line in picked])
    _say_names(folder)


def _row(baseline: Baseline, line: Line) -> tuple[str, ...]:
    run = max((baseline.runs[draw.run] for draw in line.draws), key=lambda run: run.recorded_at)
    figures = (f"{mean(line):.3f}", str(len(line.draws)), threshold(line), run.recorded_at, run.commit[:12] or "-")
    return (line.suite or "-", str(line.id), *figures, _accepted(line))


def _accepted(line: Line) -> str:
    said = line.acceptance
    if said is None:
        return ""
    if not said.expires:
        return f"{said.reason} ({said.author})"
    word = "EXPIRED" if said.is_expired(args.today()) else "until"
    return f"{said.reason} ({said.author}, {word} {said.expires})"


def _say_runs(baseline: Baseline, lines: list[Line]) -> None:
    from pytest_llmeval.gate.between_runs import drift
    from pytest_llmeval.records import Baseline

    found = drift(Baseline(lines={line.id: line for line in lines}, runs=baseline.runs))
    table = []
    for one in found:
        for drawn in one.runs:
            run = baseline.runs[drawn.run]
            what = (run.id, run.recorded_at, run.commit[:12] or "-", run.model or "-")
            shift = "-" if drawn.shift is None else f"{drawn.shift:+z.3f}"
            figures = (str(drawn.n_cases), str(drawn.n_draws), f"{drawn.mean:.3f}", shift)
            table.append((one.suite or "-", one.metric, *what, *figures))
    say_table(_RUN_COLUMNS, table)
    say("", *(inert(one.sentence, limit=_LONGEST_SENTENCE) for one in found if not one.unseen))
    for why, n in Counter(one.unseen for one in found if one.unseen).items():
        metrics = f"{n} of {len(found)} metrics" if len(found) > 1 else "the metric"
        say(f"drift cannot be seen in {metrics} ({why}): `llmeval baseline extend` draws another run of the same cases")


def _say_names(folder: Path) -> None:
    names = baseline_folder.names(folder)
    if names:
        say("", *(f"also here: {_said(folder, name)}" for name in names))


def _said(folder: Path, name: str) -> str:
    n_files = len(baseline_folder.files(folder / name))
    return f"--baseline={name} ({n_files} file{'s' * (n_files != 1)})"

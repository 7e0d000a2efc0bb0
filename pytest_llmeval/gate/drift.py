"""A day on which every case fares a little worse: what several runs on main tell of it, and what one run cannot.

Labels are exchanged within a case as if every trial were on its own. A provider that is worse on one day lowers all
trials of a run together; only other runs on main show how far that goes. Imported late, for scipy.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from statistics import stdev
from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import UNIT, mean
from pytest_llmeval.gate.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.gate.families import Finding
    from pytest_llmeval.gate.pairs import Pair
    from pytest_llmeval.records import Baseline

_LEAST_RUNS = 4
_OLD_DAYS = 30
_LEVEL = 0.05
_MOST_OF = 0.5


def of_age(baseline: Baseline, today: date) -> tuple[str, ...]:
    """Say that a baseline is old where its runs cannot show how far a provider drifts; empty where that is no matter.

    Args:
        baseline: with its runs.
        today: in UTC.

    Returns:
        At most one sentence: no run is younger than 30 days, and there are fewer than the 4 that ``run_test`` needs.
    """
    days = {run.recorded_at[:10]: run for run in baseline.runs.values() if _is_date(run.recorded_at)}
    if not days or len(baseline.runs) >= _LEAST_RUNS:
        return ()
    newest = max(days)
    age = (today - date.fromisoformat(newest)).days
    if age < _OLD_DAYS:
        return ()
    model = f" with {days[newest].model}" if days[newest].model else ""
    return (
        (
            f"The baseline was recorded on {newest}{model}, {count(age, 'day')} ago; drift of the provider cannot be "
            "ruled out. `--llmeval-confirm` runs main's version side by side."
        ),
    )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def with_runs(falls: Finding, cases: Sequence[Pair], alpha: float) -> tuple[Finding, tuple[str, ...]]:
    """Hold a fall of the mean against the spread between the baseline's own runs.

    Args:
        falls: what was found against a fall.
        cases: one pair a case.
        alpha: the level at which the finding counts; only for the words.

    Returns:
        The finding, its p of the mean 1.0 where runs on main differ as much as this one fell; and the note that says
        so where it changed anything. A single case that broke is found all the same.
    """
    p, n_runs = run_test(cases)
    if p <= _LEVEL:
        return falls, ()
    held = replace(falls, p_mean=1.0)
    if falls.p_min > alpha:
        return held, ()
    return held, (f"the average fell, but not further than the {count(n_runs, 'run')} on main differ from each other",)


def run_test(cases: Sequence[Pair]) -> tuple[float, int]:
    """Return the one-sided p of this run being lower than runs on main are, and how many of them there are.

    Args:
        cases: one pair a case.

    Returns:
        p, 0.0 where main has fewer than 4 runs that cover half of the cases, since nothing can be said then.

    Source:
        GATE section 6: t with R - 1 degrees of freedom, each run by its mean deviation from the cases' own means.
    """
    deviations: dict[str, list[float]] = {}
    for pair in cases:
        scores: dict[str, list[int]] = {}
        for run, score in zip(pair.runs, pair.baseline, strict=False):
            scores.setdefault(run, []).append(score)
        for run, drawn in scores.items():
            deviations.setdefault(run, []).append(sum(drawn) / (len(drawn) * UNIT) - mean(pair.baseline))
    runs = [math.fsum(found) / len(found) for found in deviations.values() if len(found) >= _MOST_OF * len(cases)]
    if len(runs) < _LEAST_RUNS:
        return 0.0, len(runs)
    here = -math.fsum(pair.fall for pair in cases) / len(cases) - math.fsum(runs) / len(runs)
    spread = stdev(runs) * math.sqrt(1 + 1 / len(runs))
    if spread == 0.0:
        return (0.0 if here < 0.0 else 1.0), len(runs)
    from scipy.special import stdtr

    return float(stdtr(len(runs) - 1, here / spread)), len(runs)

"""The runs of one baseline beside each other: do they differ by more than noise between trials explains?

A shock that a whole run shares (the provider swaps its model, a judge drifts) looks like a regression to every later
session, and no test against one run can see it. Several runs can.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gate.words import in_points
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pytest_llmeval.records import Baseline, Line

    # The scores of one case, by run.
    _Case = Mapping[str, list[float]]

_ALPHA = 0.05
_SEED = 20_260_131
_RARE = 0.001
_FEWEST_SHUFFLES = 1_999
# So that the smallest chance that can be told is below what one of many metrics has to show.
_SHUFFLES_A_METRIC = 40


class RunMean(NamedTuple):
    """One run by one metric.

    Args:
        run: its id.
        n_cases, n_draws: what it drew.
        mean: of its cases' means, in [0, 1].
        shift: how far it lies above the other runs on the cases that it shares with them, in [-1, 1]; None where it
            shares none.
    """

    run: str
    n_cases: int
    n_draws: int
    mean: float
    shift: float | None


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The runs of one suite by one metric.

    Args:
        suite, metric: whose.
        runs: in the order in which they were recorded.
        spread: the highest shift less the lowest, in [0, 2]; None with fewer than two runs that share cases.
        explained: the spread that noise between trials alone stays within, but for 1 in 20 baselines, over all their
            metrics; None as for ``spread``.
        p: the chance of such a spread, or a larger one, if all runs drew alike; None as for ``spread``.
    """

    suite: str
    metric: str
    runs: tuple[RunMean, ...]
    spread: float | None = None
    explained: float | None = None
    p: float | None = None

    @property
    def is_drift(self) -> bool:
        """Whether the runs differ by more than noise explains."""
        return self.spread is not None and self.explained is not None and self.spread > self.explained + 1e-9

    @property
    def unseen(self) -> str:
        """Why there is nothing to set beside each other; empty where there is."""
        if self.spread is not None:
            return ""
        return "one run" if len(self.runs) == 1 else "no two runs share a case"

    @property
    def sentence(self) -> str:
        """What that means, for a person."""
        name = f"{self.suite or '-'} {self.metric}"
        if self.spread is None or self.explained is None or self.p is None:
            return f"{name}: drift cannot be seen ({self.unseen})"
        apart = f"{name}: the runs lie {in_points(self.spread)} apart"
        if not self.is_drift:
            return f"{apart}; noise between trials alone explains {in_points(self.explained)}. No drift seen."
        chance = "under 1 in 1000" if self.p < _RARE else f"about 1 in {round(1 / self.p)}"
        return (
            f"DRIFT {apart}, and noise between trials explains at most {in_points(self.explained)} (chance {chance}). "
            "Something changed between them: the provider's model, the judge, or the application."
        )


def drift(baseline: Baseline) -> tuple[Drift, ...]:
    """Measure how far the runs of a baseline lie apart, metric by metric, sorted by suite and metric.

    A run is set against the others on the cases that both drew, case by case, so that a run of other cases is no drift.
    Exchanging the runs' labels within each case shows what noise between trials does. Several checks of one metric in
    one trial are averaged first: they are no draws of their own.

    Args:
        baseline: all that is stored.

    Returns:
        One a suite and metric. If nothing drifted, any ``is_drift`` in at most 1 of 20 baselines.

    Source:
        Permutation within strata: Pesarin & Salmaso 2010, "Permutation Tests for Complex Data", chapter 1; the level
        is divided by the number of metrics (Bonferroni).
    """
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in baseline.lines.values():
        of_arm = f" @{line.id.arm}" if line.id.arm else ""
        groups.setdefault((line.suite, line.id.metric + of_arm), []).append(line)
    recorded = sorted(baseline.runs.values(), key=lambda run: (run.recorded_at, run.id))
    order = {run.id: place for place, run in enumerate(recorded)}
    return tuple(_drift(*key, groups[key], order, n_metrics=len(groups)) for key in sorted(groups))


def _drift(suite: str, metric: str, lines: Sequence[Line], order: Mapping[str, int], *, n_metrics: int) -> Drift:
    cases = _cases(lines)
    runs = sorted({run for case in cases for run in case}, key=lambda run: (order.get(run, -1), run))
    shared = [case for case in cases if len(case) > 1]
    found = tuple(_run_mean(run, cases, shared) for run in runs)
    if not shared:
        return Drift(suite=suite, metric=metric, runs=found)
    shifts = [one.shift for one in found if one.shift is not None]
    spread = max(shifts) - min(shifts)
    simulated = _spreads(shared, runs, max(_FEWEST_SHUFFLES, _SHUFFLES_A_METRIC * n_metrics))
    n_as_large = int((simulated >= spread - 1e-9).sum())
    # The same count as in p: the spread that at most a share alpha of the shuffles reaches.
    rank = math.floor(_ALPHA / n_metrics * (len(simulated) + 1))
    return Drift(
        suite=suite,
        metric=metric,
        runs=found,
        spread=spread,
        explained=float(sorted(simulated, reverse=True)[rank - 1]),
        p=(1 + n_as_large) / (len(simulated) + 1),
    )


def _cases(lines: Iterable[Line]) -> list[dict[str, list[float]]]:
    """Return each case's scores by run; of checks that do not lie side by side, the one with the most draws."""
    by_case: dict[tuple[str, str], list[Line]] = {}
    for line in sorted(lines, key=lambda line: line.id):
        by_case.setdefault((line.id.test, line.id.case), []).append(line)
    cases = []
    for found in by_case.values():
        longest = max(found, key=lambda line: len(line.draws))
        labels = [draw.run for draw in longest.draws]
        beside = [line for line in found if [draw.run for draw in line.draws] == labels]
        case: dict[str, list[float]] = {}
        for run, *scores in zip(labels, *(line.scores for line in beside), strict=True):
            case.setdefault(run, []).append(math.fsum(scores) / len(scores))
        cases.append(case)
    return cases


def _run_mean(run: str, cases: Sequence[_Case], shared: Sequence[_Case]) -> RunMean:
    own = [case[run] for case in cases if run in case]
    beside = [_mean(case[run]) - _mean(list(chain.from_iterable(case.values()))) for case in shared if run in case]
    return RunMean(
        run=run,
        n_cases=len(own),
        n_draws=sum(map(len, own)),
        mean=_mean([_mean(scores) for scores in own]),
        shift=_mean(beside) if beside else None,
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _spreads(shared: Sequence[_Case], runs: Sequence[str], n_shuffles: int) -> NDArray[np.float64]:
    """Return the spreads that come out where the labels of the runs are exchanged within each case."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    totals = {run: np.zeros(n_shuffles) for run in runs}
    n_cases = {run: sum(run in case for case in shared) for run in runs}
    for case in shared:
        scores = np.array([score for one in case.values() for score in one])
        if np.ptp(scores) == 0:
            continue  # whatever is exchanged, every run lies where the case lies
        shuffled = random.permuted(np.tile(scores - scores.mean(), (n_shuffles, 1)), axis=1)
        start = 0
        for run, own in case.items():
            totals[run] += shuffled[:, start : start + len(own)].mean(axis=1)
            start += len(own)
    shifts = np.array([totals[run] / n_cases[run] for run in runs if n_cases[run]])
    spreads: NDArray[np.float64] = shifts.max(axis=0) - shifts.min(axis=0)
    return spreads

"""A provider that is worse on one day: every run carries a shock of its own, and nothing else changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rules import mean_drop
from scipy.special import expit, logit
from suites import METRIC, SEED, SUITE, line, passes, typical_rates

from pytest_llmeval.gate import compare
from pytest_llmeval.records import Draw, Line, Verdict

if TYPE_CHECKING:
    from report import Report
    from suites import Scores

N_CASES, N_TRIALS, N_RUNS = 100, 3, 10
SHOCKS = (0.0, 0.1, 0.2, 0.4)
LEVEL = 0.05


def table(report: Report, n_suites: int) -> None:
    """Print the false alarms under shocks; a baseline of 10 runs must keep 5 % where one run cannot."""
    print(f"\nRun-wide shocks, nothing changed: {N_CASES} cases, {N_TRIALS} trials, share of suites called REGRESSED")
    print(
        f"{'shock (logit)':<16}{'one run on main':<18}{'10 runs on main':<28}{'-5 points, 10 runs':<20}mean drop > 5 pt"
    )
    for shock in SHOCKS:
        rng = np.random.default_rng([SEED, 400, int(100 * shock)])
        one = ten = power = peer = 0
        for _ in range(n_suites):
            rates = np.clip(typical_rates(rng, N_CASES), 1e-9, 1 - 1e-9)
            single = passes(rng, _shocked(rng, rates, shock), N_RUNS)
            several = np.hstack([passes(rng, _shocked(rng, rates, shock), 1) for _ in range(N_RUNS)])
            now = passes(rng, _shocked(rng, rates, shock), N_TRIALS)
            worse = passes(rng, _shocked(rng, np.maximum(rates - 0.05, 1e-9), shock), N_TRIALS)
            one += _is_red(single, now, n_runs=1)
            ten += _is_red(several, now, n_runs=N_RUNS)
            power += _is_red(several, worse, n_runs=N_RUNS)
            peer += mean_drop(several, now)
        said = report.at_most(f"10 runs, shock {shock}", ten, n_suites, LEVEL)
        print(f"{shock:<16}{one / n_suites:<18.1%}{said:<28}{power / n_suites:<20.1%}{peer / n_suites:.1%}")


def _shocked(rng: np.random.Generator, rates: Scores, shock: float) -> Scores:
    return expit(logit(rates) + rng.normal(0.0, shock))


def _is_red(baseline: Scores, now: Scores, *, n_runs: int) -> bool:
    before = [_of_runs(line(case, row), n_runs) for case, row in enumerate(baseline)]
    current = [line(case, row) for case, row in enumerate(now)]
    return compare(before, current, suite=SUITE, metric=METRIC).verdict is Verdict.REGRESSED


def _of_runs(before: Line, n_runs: int) -> Line:
    """Mark the draws with the runs that drew them, in turns."""
    draws = tuple(Draw(draw.score, f"run {place % n_runs}") for place, draw in enumerate(before.draws))
    return Line(id=before.id, suite=before.suite, draws=draws, threshold=before.threshold)

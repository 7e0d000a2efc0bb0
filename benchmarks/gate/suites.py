"""Simulated suites: how often cases pass, how scores come from that, and what can happen to them.

What "a usual suite" is, is a choice: 70 % of the cases stable, 20 % flaky, 10 % hard. It was made after a suite of 60 %
stable, 30 % Beta(8, 2) and 10 % Beta(2, 3) had one broken case of 100 found at k = 3 in 21 of 40 suites only, where the
floor is 85 %: among many moderately flaky cases three trials do not prove one broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pytest_llmeval.records import CheckId, Draw, Line

SEED = 7
SUITE = "suite"
METRIC = "metric"
THRESHOLD = 0.5

Scores = np.ndarray  # one row a case, one column a trial


@dataclass(frozen=True)
class Kind:
    """A kind of suite: how often a case passes, and how a score comes from that."""

    name: str
    rates: Callable[[np.random.Generator, int], Scores]
    scores: Callable[[np.random.Generator, Scores, int], Scores]


def typical_rates(rng: np.random.Generator, n: int) -> Scores:
    """Return pass rates of a usual suite: 70 % stable, 20 % flaky, 10 % hard.

    The mean variance within a case is 0.06, as in the suites of GATE section 7 (read off its power against -5 points).
    """
    kinds = rng.choice(3, size=n, p=[0.7, 0.2, 0.1])
    return np.choose(kinds, [rng.beta(200, 1, n), rng.beta(4, 2, n), rng.beta(2, 5, n)])


def flaky_rates(rng: np.random.Generator, n: int) -> Scores:
    """Return pass rates of a suite in which every case is flaky."""
    return rng.beta(3, 2, n)


def stable_rates(rng: np.random.Generator, n: int) -> Scores:
    """Return pass rates of a suite in which every case is nearly stable."""
    return rng.beta(200, 1, n)


def hard_rates(rng: np.random.Generator, n: int) -> Scores:
    """Return pass rates of a suite in which every case mostly fails."""
    return rng.beta(2, 8, n)


def passes(rng: np.random.Generator, rates: Scores, n_trials: int) -> Scores:
    """Return 0/1 scores."""
    return (rng.random((len(rates), n_trials)) < rates[:, None]).astype(float)


def marks(rng: np.random.Generator, rates: Scores, n_trials: int) -> Scores:
    """Return scores between 0 and 1 that scatter around the rate."""
    spread = 12.0
    return rng.beta(spread * rates[:, None] + 0.3, spread * (1 - rates[:, None]) + 0.3, (len(rates), n_trials))


def grades(rng: np.random.Generator, rates: Scores, n_trials: int) -> Scores:
    """Return a judge's grades 0, 0.25, … 1."""
    return np.round(marks(rng, rates, n_trials) * 4) / 4


def partial(rng: np.random.Generator, rates: Scores, n_trials: int) -> Scores:
    """Return scores that are exactly 1 or anything below it, as a safety score gives."""
    perfect = passes(rng, rates, n_trials)
    return np.where(perfect == 1.0, 1.0, rng.random(perfect.shape))


KINDS = {
    kind.name: kind
    for kind in (
        Kind("0/1", typical_rates, passes),
        Kind("0/1 flaky", flaky_rates, passes),
        Kind("0/1 stable", stable_rates, passes),
        Kind("0/1 hard", hard_rates, passes),
        Kind("continuous", typical_rates, marks),
        Kind("continuous flaky", flaky_rates, marks),
        Kind("grades", typical_rates, grades),
        Kind("partial", typical_rates, partial),
    )
}


def lines(scores: Scores) -> list[Line]:
    """Return scores as the gate wants them."""
    return [line(case, row) for case, row in enumerate(scores)]


def line(case: int, row: Scores) -> Line:
    """Return the scores of one case as the gate wants them, each with the index of its trial."""
    return Line(
        id=CheckId("test", str(case), METRIC),
        suite=SUITE,
        draws=tuple(Draw(float(score), "run", "", trial) for trial, score in enumerate(row)),
        threshold=THRESHOLD,
    )


def nothing(rates: Scores) -> Scores:
    """Nothing changed."""
    return rates


def one_broken(rates: Scores) -> Scores:
    """The most stable case never passes again."""
    changed = rates.copy()
    changed[np.argmax(rates)] = 0.0
    return changed


def one_halved(rates: Scores) -> Scores:
    """The most stable case passes half as often."""
    changed = rates.copy()
    changed[np.argmax(rates)] /= 2
    return changed


def tenth_broken(rates: Scores) -> Scores:
    """The most stable tenth of the cases, one at least, never passes again."""
    changed = rates.copy()
    changed[np.argsort(-rates)[: max(1, len(rates) // 10)]] = 0.0
    return changed


def lower_by(drop: float) -> Callable[[Scores], Scores]:
    """Every case passes less often, so that the mean falls by exactly ``drop``."""

    def change(rates: Scores) -> Scores:
        low, high = 0.0, 1.0
        for _ in range(50):
            step = (low + high) / 2
            low, high = (step, high) if (rates - np.maximum(rates - step, 0.0)).mean() < drop else (low, step)
        return np.maximum(rates - high, 0.0)

    return change


CHANGES: dict[str, Callable[[Scores], Scores]] = {
    "nothing changed": nothing,
    "one broken": one_broken,
    "one halved": one_halved,
    "tenth broken": tenth_broken,
    "-10 points": lower_by(0.10),
    "-5.5 points": lower_by(0.055),
    "-5 points": lower_by(0.05),
    "-2 points": lower_by(0.02),
}

"""How sure the change of the mean is, and what a run could have found. scipy is imported late."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import Pair, mean_of_means, variance_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL = NormalDist()
_POWERED = _NORMAL.inv_cdf(0.975) + _NORMAL.inv_cdf(0.80)
_MOST_TRIALS = 100


def drop_interval(pairs: Sequence[Pair], level: float = 0.95) -> tuple[float, float, float]:
    """Return the drop of the mean, and its bounds, each one-sided at ``level``; all in [-1, 1].

    Args:
        pairs: one a case, at least one.
        level: of each bound, in (0.5, 1).

    Source:
        GATE section 3: variance within the cases where every run has two scores, else of the paired differences
        (Miller 2024, arXiv:2411.00640, section 4.2); the z²/N term keeps it open where no variance was seen.
    """
    from scipy.special import stdtrit

    falls = [pair.fall for pair in pairs]
    n = len(pairs)
    drop = math.fsum(falls) / n
    if all(len(run) > 1 for pair in pairs for run in (pair.baseline, pair.current)):
        degrees = sum(len(pair.baseline) + len(pair.current) - 2 for pair in pairs)
        noise = math.fsum(_noise(run) for pair in pairs for run in (pair.baseline, pair.current)) / n**2
    elif n > 1:
        degrees = n - 1
        noise = math.fsum((fall - drop) ** 2 for fall in falls) / (degrees * n)
    else:
        return drop, -1.0, 1.0
    z = float(stdtrit(degrees, level))
    n_trials = 1 / (1 / sum(len(pair.current) for pair in pairs) + 1 / sum(len(pair.baseline) for pair in pairs))
    half = (z**2 / n_trials + math.sqrt(z**4 / n_trials**2 + 4 * z**2 * noise)) / 2
    return drop, max(drop - half, -1.0), min(drop + half, 1.0)


def detectable_drop(pairs: Sequence[Pair]) -> float:
    """Return the smallest drop of the mean that would be found 4 times in 5, in [0, 1]; from the baseline alone.

    Args:
        pairs: one a case, at least one.

    Source:
        GATE section 3. A case with one baseline score takes the mean variance of the others; if there are none, the
        largest that scores in [0, 1] of that mean can have.
    """
    return _detectable_drop(pairs, _typical_variance(pairs), 0)


def trials_wanted(pairs: Sequence[Pair], margin: float) -> int | None:
    """Return how many more trials a case bring the detectable drop to ``margin``; None if no sane number does."""
    typical = _typical_variance(pairs)
    return next((more for more in range(1, _MOST_TRIALS) if _detectable_drop(pairs, typical, more) <= margin), None)


def _typical_variance(pairs: Sequence[Pair]) -> float:
    known = [variance_of(pair.baseline) for pair in pairs if len(pair.baseline) > 1]
    average = mean_of_means(pair.baseline for pair in pairs)
    return math.fsum(known) / len(known) if known else average * (1.0 - average)


def _detectable_drop(pairs: Sequence[Pair], typical: float, more: int) -> float:
    n = len(pairs)
    per_trial = math.fsum(1 / (len(pair.current) + more) for pair in pairs) / n
    per_baseline = math.fsum(1 / len(pair.baseline) for pair in pairs) / n
    noise = typical / n * (per_trial + per_baseline)
    floor = _POWERED**2 / sum(len(pair.current) + more for pair in pairs)
    return min((floor + math.sqrt(floor**2 + 4 * _POWERED**2 * noise)) / 2, 1.0)


def _noise(run: Sequence[int]) -> float:
    """Return the variance of a run's mean; the run has two scores or more."""
    return variance_of(run) / len(run)

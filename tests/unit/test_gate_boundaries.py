"""Levels of several rounds, against scipy's normal laws and against paths drawn at random."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from pytest_llmeval.gate.boundaries import levels, over_rounds


def correlation(m, r, s):
    """Return the correlation of two rounds against one baseline of m trials."""
    return math.sqrt((1 / m + 1 / max(r, s)) / (1 / m + 1 / min(r, s)))


def test_one_round_has_the_whole_level():
    """Nothing to share."""
    assert levels(10, (3,), 0.04) == (0.04,)
    assert over_rounds(10, (3,), [0.0123]) == 0.0123


@pytest.mark.parametrize(("m", "rounds"), [(10, (1, 2)), (5, (3, 10)), (20, (2, 3))])
def test_two_rounds_reject_with_their_level_together(m, rounds):
    """P(both keep) by the bivariate normal law with their covariance."""
    first, second = (norm.ppf(level) for level in levels(m, rounds, 0.04))
    rho = correlation(m, *rounds)
    kept = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([-first, -second])
    assert 1 - kept == pytest.approx(0.04, rel=1e-3)


def test_four_rounds_reject_with_their_level_together():
    """A million paths of a mean over fixed baseline trials and growing current ones."""
    m, rounds, rng = 10, (1, 2, 3, 5), np.random.default_rng(1)
    baseline = rng.normal(0, math.sqrt(1 / m), 1_000_000)
    total, before, rejected = np.zeros(1_000_000), 0, np.zeros(1_000_000, dtype=bool)
    for trials, level in zip(rounds, levels(m, rounds, 0.04), strict=True):
        total += rng.normal(0, math.sqrt(trials - before), 1_000_000)
        before = trials
        z = (total / trials - baseline) / math.sqrt(1 / m + 1 / trials)
        rejected |= z <= norm.ppf(level)
    assert rejected.mean() == pytest.approx(0.04, abs=5 * math.sqrt(0.04 / 1_000_000))


def test_rounds_share_more_than_their_level_because_they_overlap():
    """Split as if they were independent they would have 0.04 in sum."""
    assert sum(levels(10, (1, 2, 3, 5), 0.04)) > 0.055


@pytest.mark.parametrize("level", [0.05, 0.04, 0.02, 0.0125, 0.001, 1e-6])
def test_p_over_rounds_is_the_level_at_which_a_round_rejects(level):
    """Between the tabled levels it is rounded up, by less than 3 in 1,000."""
    rounds = (2, 3, 5, 10)
    for place, nominal in enumerate(levels(10, rounds, level)):
        found = over_rounds(10, rounds, [*[1.0] * place, nominal])
        assert level <= found * (1 + 1e-9)
        assert found == pytest.approx(level, rel=3e-3)


def test_p_over_rounds_grows_with_the_p_of_a_round():
    """A weaker round never says more, and no round takes away what an earlier one said."""
    found = [over_rounds(10, (1, 2, 3, 5), [0.9, p]) for p in np.geomspace(1e-12, 1, 200)]
    assert (np.diff(found) >= 0).all()
    assert found[-1] == 1.0
    assert over_rounds(10, (1, 2, 3, 5), [0.01, 0.9]) == over_rounds(10, (1, 2, 3, 5), [0.01])

"""Boschloo's test, tabled: against scipy, and its size against every pass rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, boschloo_exact

from pytest_llmeval.gate.spending import full_break_p
from pytest_llmeval.gate.unconditional import boschloo


@pytest.mark.parametrize(("m", "k", "before", "now"), [(10, 5, 10, 0), (10, 10, 9, 1), (5, 20, 4, 1), (3, 7, 2, 1)])
def test_table_is_scipys_boschloo_exact(m, k, before, now):
    """The same number, rounded up by 5 in 10,000 at most; scipy's own search may fall short a little."""
    exact = boschloo_exact([[before, now], [m - before, k - now]], alternative="greater", n=64).pvalue
    assert boschloo(m, k)[before, now] == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize(("m", "k"), [(1, 5), (5, 5), (10, 5), (10, 10), (7, 20)])
def test_no_pass_rate_makes_small_p_frequent(m, k):
    """For every p of the table and every common pass rate: P(p or less) is at most p."""
    table = boschloo(m, k)
    for rate in np.linspace(0.001, 0.999, 211):
        chances = np.outer(binom.pmf(np.arange(m + 1), m, rate), binom.pmf(np.arange(k + 1), k, rate))
        for p in np.unique(table):
            assert chances[table <= p].sum() <= p * (1 + 1e-12)


@pytest.mark.parametrize(("m", "k"), [(1, 20), (5, 20), (10, 5), (20, 10)])
def test_full_break_has_the_smallest_p(m, k):
    """Closed form: q^m (1 - q)^k at its largest."""
    table = boschloo(m, k)
    assert table.min() == table[m, 0] == pytest.approx(full_break_p(m, k), rel=1e-3)


def test_better_session_never_has_a_smaller_p():
    """Each row ascends with the passes here, each column descends with the passes on main."""
    table = boschloo(10, 10)
    assert (np.diff(table, axis=1) >= 0).all()
    assert (np.diff(table, axis=0) <= 0).all()


def test_large_baselines_are_tabled_too():
    """600 trials on main: logarithms do not overflow, and no p leaves (0, 1]."""
    table = boschloo(600, 5)
    assert ((table > 0) & (table <= 1)).all()
    assert table[600, 0] == pytest.approx(full_break_p(600, 5), rel=1e-3)

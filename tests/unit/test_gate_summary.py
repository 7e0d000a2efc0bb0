"""Aggregates, worked out by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm

from pytest_llmeval.gate import compare, summarise
from tests.unit.gate_lines import line

Z2 = norm.ppf(0.975) ** 2


def half_width(n_draws, noise):
    """Return the half width of the interval."""
    return (Z2 / n_draws + math.sqrt((Z2 / n_draws) ** 2 + 4 * Z2 * noise)) / 2


def test_mean_is_over_cases_and_not_over_draws():
    """Means 0.5 over 4 draws and 0.9 over one: 0.7; the lone draw takes the other's variance, 1/3."""
    (found,) = summarise([line("a", [1, 0, 1, 0]), line("b", [0.9])])
    assert found.mean == pytest.approx(0.7)
    half = half_width(5, ((1 / 3) / 4 + 1 / 3) / 4)
    assert (found.low, found.high) == (pytest.approx(max(0, 0.7 - half)), 1.0)
    assert (found.n_cases, found.n_scored) == (2, 5)


def test_equal_scores_are_no_certainty():
    """100 draws of 1.0: the lower bound is 1 - z² / 100."""
    (found,) = summarise([line(str(case), [1.0] * 10) for case in range(10)])
    assert (found.low, found.high) == (pytest.approx(1 - Z2 / 100), 1.0)


def test_single_draws_take_the_largest_spread():
    """Four lines of one draw, mean 0.5: variance 0.25."""
    (found,) = summarise([line(str(case), [case % 2]) for case in range(4)])
    assert found.high == pytest.approx(min(1.0, 0.5 + half_width(4, 0.25 / 4)))


def test_unscored_lines_are_counted_and_not_averaged():
    """A line without a draw is no case, and never 0.0."""
    (found,) = summarise([line("a", [1.0]), line("b", [], n_unscored=3)])
    assert (found.mean, found.n_cases, found.n_unscored) == (1.0, 1, 3)


def test_nothing_scored_has_no_mean():
    """None, not 0.0."""
    (found,) = summarise([line("a", [], n_unscored=3)])
    assert (found.mean, found.low, found.high, found.n_cases) == (None, None, None, 0)


def test_lines_below_their_threshold_are_counted():
    """By their mean; a line without a threshold is never below."""
    lines = [line("a", [1, 0, 0]), line("b", [1, 0]), line("c", [0.0], threshold=None)]
    assert summarise(lines)[0].n_below == 1


def test_suites_and_metrics_are_apart_and_sorted():
    """One summary each."""
    lines = [line("a", [1], suite="b"), line("a", [1], suite="a", metric="z"), line("a", [1], suite="a", metric="y")]
    assert [(found.suite, found.metric) for found in summarise(lines)] == [("a", "y"), ("a", "z"), ("b", "relevance")]


def test_pass_rates_are_over_combinations():
    """2 of 4 and 3 of 3 passed: two trials all pass in 1/6 and 1, and any in 5/6 and 1; three all pass in 0 and 1."""
    (found,) = summarise([line("a", [1, 1, 0, 0]), line("b", [1, 1, 1])])
    assert found.pass_all == (pytest.approx(0.75), pytest.approx((1 / 6 + 1) / 2), pytest.approx(0.5))
    assert found.pass_any == (pytest.approx(0.75), pytest.approx((5 / 6 + 1) / 2), pytest.approx(1.0))


def test_a_trial_passes_by_its_threshold():
    """0.6 passes 0.5, and not 0.7; a line that only records has no pass rate."""
    (found,) = summarise([line("a", [0.6]), line("b", [0.6], threshold=0.7), line("c", [0.1], threshold=None)])
    assert found.pass_all == found.pass_any == (0.5,)
    (recorded,) = summarise([line("c", [0.1], threshold=None)])
    assert (recorded.pass_all, recorded.pass_any) == ((), ())


def test_slices_have_their_means():
    """A case may have several tags, or none."""
    lines = [line("a", [1, 0], tags=("fr", "long")), line("b", [1], tags=("fr",)), line("c", [0]), line("d", [])]
    (found,) = summarise(lines)
    assert [(s.tag, s.mean, s.n_lines, s.change) for s in found.slices] == [
        ("fr", 0.75, 2, None),
        ("long", 0.5, 1, None),
    ]


def test_slices_of_a_comparison_have_their_change():
    """Description only: the change, and of how many lines."""
    before = [line("a", [1.0] * 4), line("b", [0.5] * 4)]
    found = compare(before, [line("a", [0.5], tags=("fr",)), line("b", [0.5])], suite="", metric="relevance")
    (one,) = found.slices
    assert (one.tag, one.mean, one.baseline_mean, one.change, one.n_lines) == ("fr", 0.5, 1.0, -0.5, 1)

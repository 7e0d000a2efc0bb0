"""Aggregates, worked out by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm

from pytest_llmeval.gate import summarise
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

"""Interval and detectable drop, against the formulas worked out with scipy's quantiles."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm, t

from pytest_llmeval.gate.pairs import Pair, whole
from pytest_llmeval.gate.precision import detectable_drop, drop_interval, trials_wanted
from pytest_llmeval.records import CheckId


def pairs(*runs):
    """Return a pair for each (before, now)."""
    return [
        Pair(id=CheckId("test", str(case), "metric"), baseline=whole(before), current=whole(now))
        for case, (before, now) in enumerate(runs)
    ]


def test_no_observed_spread_is_no_certainty():
    """10 cases that always passed, 10 trials each: the rule of three, z² / 50."""
    drop, low, high = drop_interval(pairs(*[([1] * 10, [1] * 10)] * 10))
    assert (drop, low) == (0.0, pytest.approx(-(t.ppf(0.95, 180) ** 2) / 50))
    assert high == pytest.approx(t.ppf(0.95, 180) ** 2 / 50)


def test_interval_uses_the_spread_within_the_cases():
    """Two cases of 2 and 2 trials: V = (0.5/2 + 0 + 0.5/2 + 0.5/2) / 4, 4 degrees of freedom, N = 2."""
    drop, low, high = drop_interval(pairs(([1, 0], [0, 0]), ([1, 0], [1, 0])), level=0.6)
    z2, noise = t.ppf(0.6, 4) ** 2, 0.75 / 4
    half = (z2 / 2 + math.sqrt(z2**2 / 4 + 4 * z2 * noise)) / 2
    assert (drop, low, high) == pytest.approx((0.25, 0.25 - half, 0.25 + half))


def test_interval_of_single_trials_uses_paired_differences():
    """Falls 1, 0, 0, 0: variance 0.25 over 4 cases, 3 degrees of freedom, N = 2."""
    drop, low, high = drop_interval(pairs(([1], [0]), ([1], [1]), ([1], [1]), ([0], [0])), level=0.7)
    z2, noise = t.ppf(0.7, 3) ** 2, 0.25 / 4
    half = (z2 / 2 + math.sqrt(z2**2 / 4 + 4 * z2 * noise)) / 2
    assert (drop, low, high) == pytest.approx((0.25, 0.25 - half, 0.25 + half))


def test_one_case_with_one_trial_says_nothing():
    """The interval is everything that can be."""
    assert drop_interval(pairs(([1, 1, 1], [1]))) == (0.0, -1.0, 1.0)


def test_detectable_drop_of_a_suite_that_always_passed():
    """20 cases, 10 trials, no spread: c² / 200."""
    c = norm.ppf(0.975) + norm.ppf(0.80)
    assert detectable_drop(pairs(*[([1] * 10, [1] * 10)] * 20)) == pytest.approx(c**2 / 200)


def test_detectable_drop_of_a_flaky_suite():
    """20 cases of 5 in 10: s² = 2.5 / 9, 5 trials here."""
    c = norm.ppf(0.975) + norm.ppf(0.80)
    noise = (2.5 / 9) / 20 * (1 / 5 + 1 / 10)
    expected = (c**2 / 100 + math.sqrt((c**2 / 100) ** 2 + 4 * c**2 * noise)) / 2
    assert detectable_drop(pairs(*[([1, 0] * 5, [1] * 5)] * 20)) == pytest.approx(expected)


def test_detectable_drop_of_single_trials_takes_the_largest_spread():
    """One trial on the baseline tells no spread: mean times one minus mean bounds it."""
    half = detectable_drop(pairs(*[([1], [1])] * 50, *[([0], [1])] * 50))
    assert half > detectable_drop(pairs(*[([1], [1])] * 100))


def test_trials_wanted_is_the_fewest_that_suffice():
    """20 cases without spread, 5 trials each: c² / (20 k) is at most 0.05 from k = 8 on."""
    assert trials_wanted(pairs(*[([1] * 10, [1] * 5)] * 20), 0.05) == 3


def test_no_number_of_trials_mends_a_noisy_baseline():
    """One flaky case with two trials on main."""
    assert trials_wanted(pairs(([1, 0], [1, 0])), 0.05) is None

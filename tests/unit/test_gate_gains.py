"""How sure the difference of two arms is: numbers against scipy, and what must hold where nothing varies."""

from __future__ import annotations

import math

import pytest
from scipy.stats import t, ttest_1samp, ttest_ind

from pytest_llmeval.gate.gains import gain_of
from pytest_llmeval.gate.pairs import Pair, whole
from pytest_llmeval.records import CheckId


def pairs(*runs):
    """Return one pair a case, (first arm's scores, second arm's scores)."""
    return [
        Pair(id=CheckId("t", str(place), "m"), baseline=whole(first), current=whole(second))
        for place, (first, second) in enumerate(runs)
    ]


def test_one_case_is_welchs_test():
    """Every trial varies, so nothing is added: the p and the degrees are scipy's."""
    first, second = (0.2, 0.5, 0.4, 0.9), (0.7, 0.8, 0.95)
    gain = gain_of(pairs((first, second)))
    scipys = ttest_ind(second, first, equal_var=False, alternative="greater")
    assert scipys.pvalue == pytest.approx(gain.p_rise)
    assert scipys.df == pytest.approx(gain.degrees)
    assert 1.0 == gain.p_fall


def test_one_trial_an_arm_is_the_paired_test():
    """Miller's paired variance, when no two scores are equal."""
    runs = [((0.2,), (0.4,)), ((0.5,), (0.45,)), ((0.9,), (0.95,)), ((0.1,), (0.5,))]
    gain = gain_of(pairs(*runs))
    scipys = ttest_1samp([0.2, -0.05, 0.05, 0.4], 0.0, alternative="greater")
    assert scipys.pvalue == pytest.approx(gain.p_rise)


def test_p_is_the_level_at_which_the_interval_ends_at_zero():
    """Whoever is better by p is better by the interval as well."""
    gain = gain_of(pairs(((1, 1, 0), (1, 1, 1)), ((0, 0, 0), (1, 0, 1))))
    low, high = gain.interval(1.0 - gain.p_rise)
    assert 0.0 == pytest.approx(low, abs=1e-12)
    assert high > gain.value > 0.0


@pytest.mark.parametrize(("n_first", "n_second"), [(10, 10), (10, 2), (2, 10)])
def test_equal_trials_prove_no_more_than_the_rule_of_three(n_first, n_second):
    """No trial varied: z²/N of the arm with fewer trials, never an interval of no width."""
    gain = gain_of(pairs(*[((1,) * n_first, (1,) * n_second)] * 5))
    n = 5 * min(n_first, n_second)
    z = t.ppf(0.975, n - 5)
    assert (-(z**2) / n, z**2 / n) == pytest.approx(gain.interval(0.975))
    assert (1.0, 1.0) == (gain.p_rise, gain.p_fall)


def test_one_score_an_arm_tells_nothing():
    """There is no interval, and no difference of any size would have shown."""
    gain = gain_of(pairs(((0,), (1,))))
    assert (None, None, 1.0) == (gain.interval(0.975), gain.visible(0.05), gain.p_rise)


def test_what_could_be_seen_shrinks_with_trials_and_ignores_the_difference():
    """Four times the trials see half as small a difference, wherever the means lie."""
    few = gain_of(pairs(*[((0.0, 0.4), (0.1, 0.5))] * 20))
    many = gain_of(pairs(*[((0.0, 0.4) * 4, (0.1, 0.5) * 4)] * 20))
    shifted = gain_of(pairs(*[((0.0, 0.4), (0.5, 0.9))] * 20))
    assert 2.0 == pytest.approx(few.visible(0.05) / many.visible(0.05), rel=0.3)
    assert few.visible(0.05) == pytest.approx(shifted.visible(0.05))
    assert math.isinf(few.n_silent)

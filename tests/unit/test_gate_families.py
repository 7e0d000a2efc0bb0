"""The mean test and the case tests, against scipy, enumeration and numbers worked out by hand."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from scipy.stats import binomtest, fisher_exact, norm

from pytest_llmeval.gate.families import find_falls, find_rises, mean_level, mean_test
from pytest_llmeval.gate.pairs import UNIT, Pair, by_case, whole
from pytest_llmeval.records import CheckId


def pair(case, before, now, *, nth=0, is_case_level=False):
    """Return a pair of scores in [0, 1]."""
    return Pair(
        id=CheckId("test", str(case), "metric", nth),
        baseline=whole(before),
        current=whole(now),
        is_case_level=is_case_level,
    )


def passes(case, before, m, now, k):
    """Return a pair of 0/1 scores."""
    return pair(case, [1] * before + [0] * (m - before), [1] * now + [0] * (k - now))


def falls(pairs, alpha=0.05):
    """Run both families against a fall, as a comparison does."""
    return find_falls(pairs, mean_test(by_case(pairs))[0], alpha=alpha, min_case_drop=0.05)


def test_mean_test_agrees_with_enumeration():
    """Three cases of 2 against 2 trials: 6 x 6 x 6 ways to exchange the labels."""
    pairs = [pair(0, [0.9, 0.8], [0.1, 0.5]), pair(1, [0.7, 0.4], [0.6, 0.3]), pair(2, [0.2, 0.9], [0.5, 0.55])]
    changes = [
        [sum(chosen) - (sum(p.pooled) - sum(chosen)) for chosen in itertools.combinations(p.pooled, 2)] for p in pairs
    ]
    observed = sum(sum(p.current) - sum(p.baseline) for p in pairs)
    every = [sum(ways) for ways in itertools.product(*changes)]
    p_fall, p_rise = mean_test(pairs)
    assert p_fall == pytest.approx(sum(change <= observed for change in every) / 216, abs=0.02)
    assert p_rise == pytest.approx(sum(change >= observed for change in every) / 216, abs=0.02)


def test_mean_test_of_single_trials_is_mcnemar():
    """One trial a run: 7 cases fell, 1 rose, 10 stayed; exact McNemar, one-sided: 9 / 256."""
    pairs = [passes(case, 1, 1, 0, 1) for case in range(7)] + [passes(7, 0, 1, 1, 1)]
    pairs += [passes(case, 1, 1, 1, 1) for case in range(8, 18)]
    assert mean_test(pairs)[0] == pytest.approx(9 / 256, abs=0.008)


def test_mean_test_of_many_single_trials_is_the_corrected_normal_law():
    """120 discordant cases, 45 of them rose: the normal law with half a step is close to the exact sign test."""
    pairs = [passes(case, 1, 1, 0, 1) for case in range(75)] + [passes(case, 0, 1, 1, 1) for case in range(75, 120)]
    assert mean_test(pairs)[0] == pytest.approx(binomtest(45, 120, alternative="less").pvalue, rel=0.05)


def test_mean_test_without_any_spread_is_one():
    """Nothing to exchange, nothing to see."""
    assert mean_test([passes(0, 5, 5, 3, 3), passes(1, 0, 5, 0, 3)]) == (1.0, 1.0)


@pytest.mark.parametrize(("before", "m", "now", "k"), [(10, 10, 0, 10), (9, 10, 1, 5), (5, 5, 1, 3)])
def test_single_case_is_fishers_test(before, m, now, k):
    """One flaky line alone: its adjusted p is fisher_exact's."""
    found = falls([passes(0, before, m, now, k)])
    expected = fisher_exact([[now, before], [k - now, m - before]], alternative="less").pvalue
    assert found.p_case == pytest.approx(expected)


def test_stable_cases_cost_nothing():
    """100 lines that always passed leave the adjusted p of the broken one as it is."""
    broken = passes("broken", 10, 10, 0, 10)
    stable = [passes(case, 10, 10, 10, 10) for case in range(100)]
    assert falls([broken, *stable]).p_case == falls([broken]).p_case == pytest.approx(1 / 184_756)


def test_flaky_cases_are_paid_for_step_by_step():
    """Two equal breaks: 1 - (1 - p)^2 for both; a third, weaker line is then charged for what is left."""
    p = 1 / 184_756
    found = falls([passes(0, 10, 10, 0, 10), passes(1, 10, 10, 0, 10), passes(2, 8, 10, 1, 10)])
    assert sorted(found.p_cases.values())[:2] == pytest.approx([1 - (1 - p) ** 2] * 2)
    weak = fisher_exact([[1, 8], [9, 2]], alternative="less").pvalue
    assert max(found.p_cases.values()) == pytest.approx(weak)


def test_checks_of_one_case_are_added_up():
    """Two checks of one trial are not independent: their shares add, 2p instead of 1 - (1 - p)^2."""
    p = 1 / 252
    two = [pair("a", [1] * 5, [0] * 5, nth=0), pair("a", [1] * 5, [0] * 5, nth=1)]
    apart = [pair("a", [1] * 5, [0] * 5), pair("b", [1] * 5, [0] * 5)]
    assert falls(two).p_case == pytest.approx(2 * p, rel=1e-12)
    assert falls(apart).p_case == pytest.approx(1 - (1 - p) ** 2, rel=1e-12)


def test_case_below_the_practical_floor_is_not_named():
    """A fall of 4 points that no trial contradicts is real, and too small to name."""
    small = pair(0, [0.90] * 10, [0.86] * 10)
    assert falls([small]).p_case == 1.0
    assert mean_test([small])[0] == pytest.approx(1e-4)


def test_case_family_spends_only_what_its_laws_can_attain():
    """5 against 5 trials, 5 passes: 1/252 is the one p below 2.5 %, so the mean test has 5 % - 1/252."""
    found = falls([passes(0, 4, 5, 1, 5)])
    assert found.spent == pytest.approx(1 / 252)
    assert mean_level(0.05, found.spent) == pytest.approx(0.05 - 1 / 252)


def test_single_trials_leave_the_whole_level_to_the_mean():
    """1 against 1 trial: no case can be proven, nothing is spent."""
    found = falls([passes(case, 1, 1, 0, 1) for case in range(20)])
    assert found.spent == 0.0
    assert mean_level(0.05, found.spent) == 0.05


@pytest.mark.parametrize("spent", [0.0, 0.004, 0.0125, 0.025])
@pytest.mark.parametrize("level", [0.05, 0.025, 0.01])
def test_both_families_together_never_exceed_the_level(level, spent):
    """At every level of Holm's procedure: what the cases can use up and what the mean has are at most the level."""
    assert mean_level(level, spent) + min(level / 2, spent) <= level + 1e-15


def test_case_level_pairs_enter_the_mean_only():
    """Consistency of one session each: no single case is judged."""
    found = falls([pair(case, [0.9], [0.2], is_case_level=True) for case in range(6)])
    assert (found.p_cases, found.spent) == ({}, 0.0)
    assert found.p_mean == pytest.approx(1 / 64, abs=0.005)


def test_rises_mirror_falls():
    """What is a fall from left to right is a rise from right to left."""
    there = [passes(0, 10, 10, 2, 8), passes(1, 7, 10, 6, 8)]
    back = [pair(0, [0] * 10, [1] * 6 + [0] * 2), pair(1, [1] * 3 + [0] * 7, [1, 1] + [0] * 6)]
    rises = find_rises(back, mean_test(back)[1], alpha=0.05, min_case_drop=0.05)
    assert rises.p_cases == falls(there).p_cases
    assert rises.p_mean == pytest.approx(falls(there).p_mean, abs=0.003)


def test_checks_of_one_trial_are_averaged():
    """Two checks of one metric in each trial make one score a trial."""
    (merged,) = by_case([pair("a", [1, 0.5], [0.2], nth=0), pair("a", [0, 0.5], [0.4], nth=1)])
    assert (merged.baseline, merged.current) == ((UNIT // 2, UNIT // 2), (round(0.3 * UNIT),))


def test_checks_that_cannot_be_aligned_are_not_mixed():
    """One check lacks a trial: the fuller one stands for the case."""
    (kept,) = by_case([pair("a", [1, 1], [0.2], nth=0), pair("a", [0, 0, 0], [0.4], nth=1)])
    assert kept.id.nth == 1


def test_mean_test_of_many_continuous_cases_is_the_normal_law():
    """100 cases of one trial a run, changes of 1 to 100 thousandths: their sum over the root of their squares."""
    changes = [(-1 if place % 5 < 2 else 1) * place / 1000 for place in range(1, 101)]
    found = mean_test([pair(place, [0.5], [0.5 + change]) for place, change in enumerate(changes)])
    z = sum(changes) / math.sqrt(sum(change**2 for change in changes))
    assert found == pytest.approx((norm.cdf(z), norm.cdf(-z)))


def test_shares_of_one_case_are_capped_at_certainty():
    """Two checks of one trial with p = 0.6 each: 1.0, not 1.2."""
    two = [passes("a", 3, 4, 1, 2), replace(passes("a", 3, 4, 1, 2), id=CheckId("test", "a", "metric", 1))]
    assert falls(two[:1]).p_case == pytest.approx(0.6)
    assert falls(two).p_case == 1.0

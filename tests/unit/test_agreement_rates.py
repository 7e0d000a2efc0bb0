"""Agreement of two raters: published examples, and the edges where a formula has no value."""

import random
from statistics import stdev

import pytest

from pytest_llmeval.agreement import rates
from pytest_llmeval.agreement.ranking import auroc
from pytest_llmeval.agreement.rates import Counts

# K. L. Gwet 2008, table 1 (the paradox of kappa): 118 both yes, 5 and 2 of one only, none both no.
PARADOX = Counts(118, 5, 2, 0)
# 50 grant proposals, read twice: 20 both yes, 5 and 10, 15 both no; kappa 0.4 in every textbook.
PROPOSALS = Counts(20, 5, 10, 15)


def test_ac1_stays_high_where_nearly_all_items_are_of_one_kind():
    """Gwet 2008: raters who agree on 118 of 125 items have AC1 0.94, and a kappa below zero."""
    assert 0.9408 == pytest.approx(rates.ac1(PARADOX).value, abs=5e-5)
    assert -0.0234 == pytest.approx(rates.kappa(PARADOX).value, abs=5e-5)
    assert 0.944 == pytest.approx(rates.raw(PARADOX).value)


def test_kappa_of_the_textbook_example():
    """Agreement 0.7, chance 0.5: Cohen's kappa 0.4, AC1 by hand 0.4059."""
    assert 0.4 == pytest.approx(rates.kappa(PROPOSALS).value)
    assert 0.405941 == pytest.approx(rates.ac1(PROPOSALS).value, abs=1e-6)


@pytest.mark.parametrize("measured", [rates.ac1, rates.kappa])
@pytest.mark.parametrize("counts", [PROPOSALS, Counts(80, 5, 9, 15), Counts(300, 60, 40, 100)])
def test_an_interval_is_as_wide_as_drawing_the_items_again_makes_it(measured, counts):
    """The variance formula against 2,000 bootstrap samples: within 10 %."""
    chance = random.Random(7)  # noqa: S311 - a seed, no secret
    items = [kind for kind, number in enumerate(counts) for _ in range(number)]
    drawn = []
    for _ in range(2000):
        again = chance.choices(items, k=len(items))
        drawn.append(measured(Counts(*(again.count(kind) for kind in range(4)))).value)

    found = measured(counts)

    assert stdev(drawn) == pytest.approx((found.value - found.low) / rates.Z, rel=0.1)


def test_items_that_all_agree_have_an_interval_that_is_no_point():
    """Ten of ten: 1, and not surely 1; kappa of raters who say one thing of all items has no value."""
    assert (1.0, 1.0) == (rates.ac1(Counts(10, 0, 0, 0)).value, rates.raw(Counts(10, 0, 0, 0)).value)
    assert rates.ac1(Counts(10, 0, 0, 0)).low < 0.7
    assert rates.raw(Counts(10, 0, 0, 0)).low == pytest.approx(0.7225, abs=1e-4)
    assert rates.kappa(Counts(10, 0, 0, 0)) is None
    assert rates.kappa(Counts(5, 0, 0, 5)).low < 1.0


def test_of_no_items_nothing_can_be_said():
    """No value, and no division by zero."""
    none = Counts(0, 0, 0, 0)
    assert [None] * 5 == [
        measured(none) for measured in (rates.raw, rates.ac1, rates.kappa, rates.true_passes, rates.true_fails)
    ]


def test_true_passes_and_true_fails_count_their_own_kind():
    """TPR over the good items, TNR over the bad ones; Wilson's interval of 8 of 10."""
    counts = Counts(passed_good=8, passed_bad=3, failed_good=2, failed_bad=9)
    assert 0.8 == rates.true_passes(counts).value
    assert 0.75 == rates.true_fails(counts).value
    assert (0.4902, 0.9433) == pytest.approx(rates.true_passes(counts)[1:], abs=1e-4)


def test_auroc_counts_ties_half_and_has_an_interval_at_one():
    """Of 2 good and 2 bad: one tie of four pairs is 0.875; where all pairs are in order, the bound is far below 1."""
    assert 0.875 == auroc([0.1, 0.5, 0.5, 0.9], [False, False, True, True]).value
    whole = auroc([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    assert (1.0, 1.0) == (whole.value, whole.high)
    assert 0.3 < whole.low < 0.5
    assert auroc([0.1, 0.2], [True, True]) is None


def test_the_interval_of_auroc_is_the_published_one():
    """Hanley and McNeil 1982: 0.893 of 51 and 58 images; Newcombe's method 5 solves its equation at both bounds."""
    from pytest_llmeval.agreement import ranking

    good, bad = [0.9] * 40 + [0.3] * 11, [0.1] * 50 + [0.5] * 8
    found = auroc([*good, *bad], [True] * 51 + [False] * 58)
    for bound in (found.low, found.high):
        assert abs(bound - found.value) == pytest.approx(rates.Z * ranking._variance(bound, 51, 58) ** 0.5, rel=1e-9)

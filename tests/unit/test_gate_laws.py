"""Laws are exact: against scipy, against enumeration."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy.stats import hypergeom

from pytest_llmeval.gate.laws import CountedLaw, ListedLaw, law_of

UNEVEN = tuple(sorted((7 * place * place + 3 * place) % 1009 for place in range(16)))  # 16 distinct scores


def sums(pooled, k):
    """Return the sums of all choices."""
    return [sum(choice) for choice in itertools.combinations(pooled, k)]


@pytest.mark.parametrize(("m", "k", "n_passed"), [(10, 10, 13), (10, 3, 9), (5, 1, 3), (1, 1, 1), (20, 10, 27)])
def test_law_of_passes_is_hypergeometric(m, k, n_passed):
    """0/1 scores: scipy.stats.hypergeom.cdf."""
    law = law_of((0,) * (m + k - n_passed) + (1,) * n_passed, k)
    for total in range(max(0, k - (m + k - n_passed)), min(k, n_passed) + 1):
        assert law.tail(total) == pytest.approx(hypergeom.cdf(total, m + k, n_passed, k), rel=1e-12)


@pytest.mark.parametrize("pooled", [(0, 1, 1, 2, 2, 2, 5), (1, 2, 4, 8, 16, 32), (3, 3, 3, 3, 4, 9)])
def test_law_of_other_scores_lists_every_choice(pooled):
    """Ties are weighted, every sum has the share of the choices that give it."""
    law = law_of(pooled, 3)
    every = sums(pooled, 3)
    for total in set(every):
        assert law.tail(total) == pytest.approx(sum(other <= total for other in every) / len(every))


def test_law_of_many_distinct_scores_is_counted_exactly():
    """12,870 choices are too many to list; the tail meets in the middle and is still exact."""
    law = law_of(UNEVEN, 8)
    every = sorted(sums(UNEVEN, 8))
    assert isinstance(law, CountedLaw)
    for total in (every[0], every[20], every[5000], every[-1]):
        assert law.tail(total) == sum(other <= total for other in every) / math.comb(16, 8)


def test_law_beyond_counting_is_sampled():
    """32 distinct scores: the tail of 20,000 draws is near the true one, by counting sums in a table."""
    pooled = tuple(place * place for place in range(32))
    table = [Counter({0: 1})] + [Counter() for _ in range(16)]
    for score in pooled:
        for size in range(16, 0, -1):
            for total, n in list(table[size - 1].items()):
                table[size][total + score] += n
    total = 4000
    exact = sum(n for other, n in table[16].items() if other <= total) / math.comb(32, 16)
    assert 0.01 < exact < 0.2
    assert law_of(pooled, 16).tail(total) == pytest.approx(exact, rel=0.1)


def test_attained_is_the_largest_tail_within_the_level():
    """5 against 5 trials with 5 passes in all: tails 1/252, 26/252 and so on."""
    law = law_of((0,) * 5 + (1,) * 5, 5)
    assert law.attained(0.003) == 0.0
    assert law.attained(1 / 252) == pytest.approx(1 / 252)
    assert law.attained(0.1) == pytest.approx(1 / 252)
    assert law.attained(26 / 252) == pytest.approx(26 / 252)
    assert law.attained(1.0) == 1.0


def test_attained_of_a_counted_law_is_a_multiple_of_one_choice():
    """12,870 choices: 3.5 choices' worth of level attains 3."""
    assert law_of(UNEVEN, 8).attained(3.5 / 12_870) == pytest.approx(3 / 12_870)


def test_a_case_that_always_passed_attains_nothing():
    """All scores equal: the only tail is 1."""
    law = law_of((1,) * 12, 4)
    assert (law.tail(4), law.attained(0.99)) == (1.0, 0.0)


@pytest.mark.parametrize(("pooled", "k"), [((0, 0, 1, 1, 1, 1, 2), 3), (UNEVEN, 8)])
def test_draws_follow_the_law(pooled, k):
    """20,000 draws: the share below a sum is its tail, within 5 standard errors."""
    law = law_of(pooled, k)
    drawn = law.draw(np.random.default_rng(1), 20_000)
    every = sums(pooled, k)
    assert set(drawn) <= set(every)
    for total in (sorted(every)[len(every) // 4], sorted(every)[len(every) // 2]):
        assert np.mean(drawn <= total) == pytest.approx(law.tail(total), abs=5 * 0.5 / math.sqrt(20_000))


def test_small_laws_are_listed():
    """10 against 5 continuous trials, 3,003 choices, are listed."""
    assert isinstance(law_of(UNEVEN[:15], 5), ListedLaw)


def test_counting_holds_where_the_current_run_is_the_larger():
    """11 of 16 scores make more than one half of them."""
    law = law_of(UNEVEN, 11)
    every = sorted(sums(UNEVEN, 11))
    assert isinstance(law, CountedLaw)
    assert law.tail(every[100]) == sum(other <= every[100] for other in every) / math.comb(16, 11)


def test_attained_of_countless_choices_is_the_level():
    """120 scores have more choices than floats can tell apart."""
    assert law_of(tuple(range(120)), 60).attained(0.0123) == 0.0123


def test_rare_sums_are_counted_where_a_sample_cannot_tell_them():
    """20 against 20 distinct scores: the lowest sum of all is one of 137,846,528,820 choices, not one of 20,000."""
    pooled = tuple(place * place + 1 for place in range(40))
    assert law_of(pooled, 20).tail(sum(pooled[:20])) == 1 / math.comb(40, 20)

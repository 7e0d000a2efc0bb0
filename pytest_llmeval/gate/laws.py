"""How the scores of one case could have fallen to the two runs, had nothing changed.

Under "nothing changed" every choice of k of the N pooled scores was equally likely to be the current run's. A *law* is
the distribution of the sum of those k. It is exact: 0/1 scores give the hypergeometric law, scores with ties its
multivariate form, scores without ties all C(N, k) subsets. This module imports numpy, so it is imported late.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]

SEED = 20_260_131
"""Of every random choice of the gate, so that equal input gives an equal verdict."""

_MOST_LISTED = 4_000  # choices that are listed one by one; enough for 10 trials against 5 (3,003)
_MOST_COUNTED = 30  # pooled scores up to which rarer choices are still counted exactly
_MOST_COUNTED_IF_RARE = 40  # the same where sampling found next to nothing; half a second, so not for every line
_N_SAMPLED = 19_999
_FEW = 20  # hits of a sample that say little more than "rare"
_FINEST = 2**50  # choices beyond which their multiples are as dense as floats
_SAME = 1.0 + 1e-9  # two sums of the same probabilities may differ in the last bits


class Law(Protocol):
    """The distribution of the sum of the current run's scores under "nothing changed"."""

    def tail(self, total: int) -> float:
        """Return the probability of a sum of at most ``total``, in (0, 1]."""

    def attained(self, level: float) -> float:
        """Return the probability that ``tail`` of a random sum is at most ``level``; never more than ``level``."""

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Return that many independent random sums."""


def law_of(pooled: Sequence[int], n_current: int) -> Law:
    """Return the law of the sum of ``n_current`` of the pooled scores, all choices being equally likely.

    Args:
        pooled: scores of both runs as whole numbers, ascending.
        n_current: how many the current run has, from 1 to ``len(pooled) - 1``.
    """
    counts = Counter(pooled)
    n_choices = [1]
    for count in counts.values():
        n_choices = np.convolve(n_choices, np.ones(count + 1))[: n_current + 1].tolist()
    if n_choices[n_current] <= _MOST_LISTED:
        return ListedLaw(tuple(counts), tuple(counts.values()), n_current)
    return CountedLaw(tuple(pooled), n_current)


class ListedLaw:
    """A law with all its sums listed, each with its probability.

    Args:
        values: the distinct scores, ascending.
        counts: how often each was pooled.
        n_current: how many scores make a sum.
    """

    def __init__(self, values: tuple[int, ...], counts: tuple[int, ...], n_current: int) -> None:
        taken, weights = _choices(counts, n_current)
        # Whole numbers below 2**53: the product is exact in floats.
        sums, places = np.unique(taken @ np.array(values, dtype=np.float64), return_inverse=True)
        self._sums = sums
        self._tails = np.cumsum(np.bincount(places.ravel(), weights=weights))
        self._tails[-1] = 1.0

    def tail(self, total: int) -> float:
        """Return the probability of a sum of at most ``total``."""
        return float(self._tails[np.searchsorted(self._sums, total, side="right") - 1])

    def attained(self, level: float) -> float:
        """Return the largest tail that is at most ``level``; 0.0 if there is none."""
        place = int(np.searchsorted(self._tails, level * _SAME, side="right"))
        return float(self._tails[place - 1]) if place else 0.0

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Return random sums by inversion."""
        return self._sums[np.searchsorted(self._tails, rng.random(size), side="right")]


class CountedLaw:
    """A law with too many choices to list; the tail of one sum is still counted.

    Args:
        pooled: scores of both runs, ascending.
        n_current: how many scores make a sum.
    """

    def __init__(self, pooled: tuple[int, ...], n_current: int) -> None:
        self._pooled = np.array(pooled, dtype=np.float64)
        self._n_current = n_current
        self._n_choices = math.comb(len(pooled), n_current)

    def tail(self, total: int) -> float:
        """Return the probability of a sum of at most ``total``; from 20,000 draws where counting it is too dear.

        Source:
            The count meets in the middle: a sum of k is a sum of j of one half and k - j of the other (Horowitz and
            Sahni 1974). The draws: (1 + hits) / (1 + draws), Davison and Hinkley 1997, section 4.2.
        """
        if len(self._pooled) > _MOST_COUNTED:
            hits = np.count_nonzero(self.draw(np.random.default_rng(SEED), _N_SAMPLED) <= total)
            # The resolution of a sample must beat the number of lines among which its p is judged.
            if hits > _FEW or len(self._pooled) > _MOST_COUNTED_IF_RARE:
                return (1 + int(hits)) / (1 + _N_SAMPLED)
        ones, others = _sums_by_size(self._pooled[::2]), _sums_by_size(self._pooled[1::2])
        n_low = 0
        for size, sums in enumerate(ones[: self._n_current + 1]):
            if self._n_current - size < len(others):
                n_low += int(np.searchsorted(others[self._n_current - size], total - sums, side="right").sum())
        return n_low / self._n_choices

    def attained(self, level: float) -> float:
        """Return the largest multiple of one choice's probability that is at most ``level``."""
        if self._n_choices > _FINEST:
            return level
        return min(math.floor(level * _SAME * self._n_choices) / self._n_choices, 1.0)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Return the sums of random choices."""
        keys = rng.random((size, len(self._pooled)))
        chosen = np.argpartition(keys, self._n_current - 1, axis=1)[:, : self._n_current]
        sums: Floats = self._pooled[chosen].sum(axis=1)
        return sums


@lru_cache(maxsize=32)
def _choices(counts: tuple[int, ...], n_current: int) -> tuple[Floats, Floats]:
    """Return how many of each distinct score a choice takes, a row a choice, and the probability of each row."""
    taken = np.zeros((1, 0))
    weights = np.ones(1)
    missing = np.array([n_current])
    room = sum(counts)
    for count in counts:
        room -= count
        least = np.maximum(0, missing - room)
        n_ways = np.minimum(count, missing) - least + 1
        starts = np.cumsum(n_ways) - n_ways
        more = np.repeat(least - starts, n_ways) + np.arange(n_ways.sum())
        taken = np.column_stack([np.repeat(taken, n_ways, axis=0), more])
        missing = np.repeat(missing, n_ways) - more
        ways = np.array([math.comb(count, j) for j in range(count + 1)], dtype=np.float64)
        weights = np.repeat(weights, n_ways) * ways[more]
    return taken, weights / math.comb(sum(counts), n_current)


def _sums_by_size(values: Floats) -> list[Floats]:
    """Return the sums of all subsets of the values, by the size of the subset, ascending."""
    sums = [np.zeros(1)]
    for value in values:
        with_it = [np.empty(0), *(smaller + value for smaller in sums)]
        without = [*sums, np.empty(0)]
        sums = [np.concatenate(both) for both in zip(without, with_it, strict=True)]
    return [np.sort(same_size) for same_size in sums]

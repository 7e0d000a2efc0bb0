"""The threshold that fits, and what it is worth on items that it was not fitted on."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from pytest_llmeval.agreement.rates import Counts, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDS = 10
_SEED = 1948  # any number, as long as it is always this one


def threshold(values: Sequence[float], good: Sequence[bool]) -> float | None:
    """Return the pass mark (at or above it passes) of the greatest mean of TPR and TNR; None if one kind is missing.

    It lies midway between two values that occur. Of several that are best it is the one in the widest gap, then the
    lowest: the one that another sample would move least.

    Args:
        values: scores in [0, 1].
        good: what people say, in the same order.

    Source:
        W. J. Youden 1950, Cancer 3(1): the index is TPR + TNR - 1.
    """
    n_good = sum(good)
    n_bad = len(good) - n_good
    if not (n_good and n_bad):
        return None
    at: dict[float, list[int]] = {}
    for value, is_good in zip(values, good, strict=True):
        at.setdefault(value, [0, 0])[is_good] += 1
    # From below: first all pass, then what lies under each gap fails. In whole numbers, so that ties are ties.
    ordered = sorted(at)
    balance = n_good * n_bad
    best, mark, widest = balance, ordered[0], -1.0
    for low, high in pairwise(ordered):
        bad, passing = at[low]
        balance += bad * n_good - passing * n_bad
        if balance > best or (balance == best and high - low > widest):
            best, mark, widest = balance, (low + high) / 2, high - low
    return mark


def held_out(values: Sequence[float], good: Sequence[bool]) -> Counts | None:
    """Count decisions by thresholds that were each fitted without the item they decide; as ``held_out_decisions``."""
    decided = held_out_decisions(values, good)
    return None if decided is None else counted(zip(decided, good, strict=True))


def held_out_decisions(values: Sequence[float], good: Sequence[bool]) -> list[bool] | None:
    """Decide each item by a threshold that was fitted without it: whether it passes, in the order of the items.

    Ten folds, each with its part of the good and of the bad items; with fewer than ten of a kind as many folds as
    there are of it. None with fewer than two of a kind.

    Args:
        values: scores in [0, 1].
        good: what people say, in the same order.

    Source:
        M. Stone 1974, Journal of the Royal Statistical Society B 36(2).
    """
    n_folds = min(FOLDS, sum(good), len(good) - sum(good))
    if n_folds < 2:  # noqa: PLR2004 - one fold leaves nothing to fit on
        return None
    fold = _folds(values, good, n_folds)
    marks = []
    for number in range(n_folds):
        rest = [place for place, its in enumerate(fold) if its != number]
        # Each fold has its part of both kinds, and so the rest has both.
        mark = threshold([values[place] for place in rest], [good[place] for place in rest])
        marks.append(math.inf if mark is None else mark)
    return [value >= marks[its] for value, its in zip(values, fold, strict=True)]


def _folds(values: Sequence[float], good: Sequence[bool], n_folds: int) -> list[int]:
    """Deal the items out, the good ones and the bad ones each, shuffled: the same way for the same items in any order.

    Dealt in the order of their values, each part would be the image of the rest, and a threshold would look too good.
    """
    fold, chance = [0] * len(values), Random(_SEED)  # noqa: S311 - a seed, no secret
    for kind in (True, False):
        places = sorted((place for place, its in enumerate(good) if its is kind), key=lambda place: values[place])
        chance.shuffle(places)
        for turn, place in enumerate(places):
            fold[place] = turn % n_folds
    return fold

"""Two raters who say yes or no of the same items: counts, and what is made of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Z = 1.959963984540054  # NormalDist().inv_cdf(0.975), without the import


class Estimate(NamedTuple):
    """A number with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


class Counts(NamedTuple):
    """Items by what a metric says of them, pass or fail, and what people say, good or bad.

    Args:
        passed_good, passed_bad, failed_good, failed_bad: numbers of items.
    """

    passed_good: int
    passed_bad: int
    failed_good: int
    failed_bad: int

    @property
    def n(self) -> int:
        """All items."""
        return sum(self)


def counted(pairs: Iterable[tuple[bool, bool]]) -> Counts:
    """Count pairs of (the metric passes it, people call it good)."""
    counts = [0, 0, 0, 0]
    for passed, good in pairs:
        counts[2 * (not passed) + (not good)] += 1
    return Counts(*counts)


def share(n: int, of: int) -> Estimate | None:
    """Return a share with its interval; None of nothing.

    Source:
        E. Wilson 1927, JASA 22(158): the score interval, which stays open at 0 and at 1.
    """
    if not of:
        return None
    middle = (n + Z**2 / 2) / (of + Z**2)
    half = Z / (of + Z**2) * math.sqrt(n * (of - n) / of + Z**2 / 4)
    return Estimate(n / of, max(0.0, min(n / of, middle - half)), min(1.0, max(n / of, middle + half)))


def raw(counts: Counts) -> Estimate | None:
    """Return the share of items of which both say the same."""
    return share(counts.passed_good + counts.failed_bad, counts.n)


def true_passes(counts: Counts) -> Estimate | None:
    """Return the share of the good items that pass (sensitivity, TPR)."""
    return share(counts.passed_good, counts.passed_good + counts.failed_good)


def true_fails(counts: Counts) -> Estimate | None:
    """Return the share of the bad items that fail (specificity, TNR)."""
    return share(counts.failed_bad, counts.failed_bad + counts.passed_bad)


def ac1(counts: Counts) -> Estimate | None:
    """Return Gwet's AC1: agreement beyond chance, in [-1, 1]; chance as of raters who guess where an item is hard.

    Unlike kappa it does not collapse where nearly all items are of one kind.

    Returns:
        (pa - pe) / (1 - pe) with pe = 2 π (1 - π), π the mean of both raters' shares of yes; its interval by the
        variance over items, cut to [-1, 1]. None of nothing.

    Source:
        K. L. Gwet 2008, British Journal of Mathematical and Statistical Psychology 61, 29-48: formula 8, and the
        variance of section 5 for two raters, as of items drawn from many.
    """
    n = counts.n
    if not n:
        return None
    pa = (counts.passed_good + counts.failed_bad) / n
    pi = (2 * counts.passed_good + counts.passed_bad + counts.failed_good) / (2 * n)
    pe = 2 * pi * (1 - pi)
    gamma = (pa - pe) / (1 - pe)
    # What each kind of item adds to the statistic (linearised): agreement, less what it adds to chance.
    by_item = ((1.0, 1.0, counts.passed_good), (0.0, 0.5, counts.passed_bad + counts.failed_good))
    total = 0.0
    for agrees, yes, number in (*by_item, (1.0, 0.0, counts.failed_bad)):
        chance = yes * (1 - pi) + (1 - yes) * pi
        part = (agrees - pe) / (1 - pe) - 2 * (1 - gamma) * (chance - pe) / (1 - pe)
        total += number * (part - gamma) ** 2
    return _around(gamma, total, n)


def kappa(counts: Counts) -> Estimate | None:
    """Return Cohen's kappa, in [-1, 1]: agreement beyond that of raters who keep their own shares of yes.

    Returns:
        (po - pe) / (1 - pe), with an interval cut to [-1, 1]; None where both say the same of all items.

    Source:
        J. Cohen 1960, Educational and Psychological Measurement 20(1); the variance: J. L. Fleiss, J. Cohen and
        B. S. Everitt 1969, Psychological Bulletin 72(5), formula 13, here as the spread of the items' parts.
    """
    n = counts.n
    if not n:
        return None
    yes_metric, yes_people = (counts.passed_good + counts.passed_bad) / n, (counts.passed_good + counts.failed_good) / n
    po = (counts.passed_good + counts.failed_bad) / n
    pe = yes_metric * yes_people + (1 - yes_metric) * (1 - yes_people)
    if pe >= 1.0:
        return None
    value = (po - pe) / (1 - pe)
    total = 0.0
    for number, passed, good in zip(counts, (1, 1, 0, 0), (1, 0, 1, 0), strict=True):
        chance = (yes_people if passed else 1 - yes_people) + (yes_metric if good else 1 - yes_metric) - 2 * pe
        part = ((passed == good) - po - (1 - value) * chance) / (1 - pe)
        total += number * part**2
    return _around(value, total, n)


def _around(value: float, squares: float, n: int) -> Estimate:
    """Return the interval of a statistic whose items' parts have that sum of squares.

    Items that all agree have no spread, and their interval is no point all the same: Z²/n, as in ``gate.summary``.
    """
    variance = squares / n / max(n - 1, 1)
    floor = Z**2 / n if not squares else 0.0
    half = floor + Z * math.sqrt(variance)
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half))

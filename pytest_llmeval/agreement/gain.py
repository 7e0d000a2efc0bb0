"""Whether another threshold decides better than the one that stands, on answers that it was not fitted on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement.fitting import held_out_decisions
from pytest_llmeval.agreement.rates import Z

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_DIGITS = 6


class Gain(NamedTuple):
    """How much better fitted thresholds decide than the one that stands.

    Args:
        value: difference of the means of TPR and TNR, in [-1, 1]; more than 0 is better.
        low, high: 95 % interval, in [-1, 1].
        before: mean of TPR and TNR by the threshold that stands.
    """

    value: float
    low: float
    high: float
    before: float

    @property
    def is_sure(self) -> bool:
        """Whether chance alone would not show it."""
        return self.low > 0


def gain(values: Sequence[float], good: Sequence[bool], standing: float) -> Gain | None:
    """Set thresholds that fit, each without the items that it decides, against one that stands, item by item.

    Args:
        values: scores in [0, 1].
        good: what people say, in the same order.
        standing: the pass mark there is.

    Returns:
        None with fewer than two of a kind.

    Source:
        The mean of two paired differences (of TPR and of TNR), each with the variance of its items. As in
        ``corrected``, two items are added to each, one changed for the better and one for the worse, since few items
        show few changes.
    """
    held = held_out_decisions(values, good)
    if held is None:
        return None
    now = [value >= standing for value in values]
    total, variance, before = 0.0, 0.0, 0.0
    for kind in (True, False):
        places = [place for place, is_good in enumerate(good) if is_good is kind]
        changes = [(held[place] is kind) - (now[place] is kind) for place in places]
        mean = sum(changes) / len(places)
        squares = math.fsum((change - mean) ** 2 for change in changes)
        total += mean / 2
        variance += (squares + 2) / (len(places) + 2) / len(places) / 4
        before += sum(now[place] is kind for place in places) / len(places) / 2
    half = Z * math.sqrt(variance)
    return Gain(total, max(-1.0, total - half), min(1.0, total + half), before)


def rounded(mark: float, values: Sequence[float]) -> float:
    """Return the number with the fewest digits, two at least, that decides as a threshold does: what a person types.

    Args:
        mark: the threshold.
        values: the scores that it decides.
    """
    for digits in range(2, _MOST_DIGITS):
        near = round(mark, digits)
        if all((value >= near) == (value >= mark) for value in values):
            return near
    return mark

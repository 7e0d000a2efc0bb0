"""How well scores order items as people do, whatever the threshold."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from pytest_llmeval.agreement.rates import Estimate, Z

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEPS = 60  # halvings of an interval in [0, 1]: to the last bit


def auroc(values: Sequence[float], good: Sequence[bool]) -> Estimate | None:
    """Return the chance that a good item scores above a bad one, ties counted half; None where one kind is missing.

    Args:
        values: scores, finite.
        good: what people say, in the same order.

    Source:
        D. Bamber 1975, Journal of Mathematical Psychology 12(4). The interval: R. G. Newcombe 2006, Statistics in
        Medicine 25, 559-573, method 5: a score interval, which stays open at 0 and at 1, as DeLong's does not.
    """
    bads = sorted(value for value, is_good in zip(values, good, strict=True) if not is_good)
    goods = [value for value, is_good in zip(values, good, strict=True) if is_good]
    if not (goods and bads):
        return None
    above = sum(bisect_left(bads, value) + bisect_right(bads, value) for value in goods) / 2
    area = above / (len(goods) * len(bads))

    def is_within(theta: float) -> bool:
        return abs(theta - area) <= Z * math.sqrt(_variance(theta, len(goods), len(bads)))

    return Estimate(area, _bound(area, 0.0, is_within), _bound(area, 1.0, is_within))


def _variance(theta: float, n_good: int, n_bad: int) -> float:
    many = (n_good + n_bad) / 2 - 1
    spread = 1 + many * (1 - theta) / (2 - theta) + many * theta / (1 + theta)
    return theta * (1 - theta) * spread / (n_good * n_bad)


def _bound(inside: float, outside: float, is_within: Callable[[float], bool]) -> float:
    """Return where an interval around ``inside`` ends, on the way to ``outside``."""
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if is_within(middle):
            inside = middle
        else:
            outside = middle
    return inside

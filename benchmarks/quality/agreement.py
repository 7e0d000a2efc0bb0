"""How well scores and labels agree: AUROC with its interval, and the threshold that fits."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import mean, median, variance
from typing import NamedTuple


class Scored(NamedTuple):
    """Values and labels in the same order, of the rows of one data set that got a value."""

    values: Sequence[float]
    good: Sequence[bool]


def auroc(values: Sequence[float], good: Sequence[bool]) -> tuple[float, float, float]:
    """Return the area under the ROC curve with the bounds of its 95 % interval.

    Args:
        values: scores, higher should be good; ties count half.
        good: the labels, in the same order; both classes have at least two rows.

    Source:
        E. DeLong et al. 1988, Biometrics 44(3): variance from the placements of each class among the other.
    """
    goods = sorted(value for value, is_good in zip(values, good, strict=True) if is_good)
    bads = sorted(value for value, is_good in zip(values, good, strict=True) if not is_good)
    above = [(bisect_left(bads, value) + bisect_right(bads, value)) / 2 / len(bads) for value in goods]
    below = [1 - (bisect_left(goods, value) + bisect_right(goods, value)) / 2 / len(goods) for value in bads]
    area = mean(above)
    half = 1.96 * math.sqrt(variance(above) / len(above) + variance(below) / len(below))
    return area, max(0.0, area - half), min(1.0, area + half)


def share(n: int, of: int) -> tuple[float, float, float]:
    """Return a share with the bounds of its 95 % interval.

    Source:
        E. Wilson 1927, JASA 22(158): the score interval.
    """
    z = 1.96
    middle = (n + z**2 / 2) / (of + z**2)
    half = z / (of + z**2) * math.sqrt(n * (of - n) / of + z**2 / 4)
    return n / of, max(0.0, middle - half), min(1.0, middle + half)


def best_threshold(scored: Sequence[Scored]) -> tuple[float, float]:
    """Return the threshold (pass at or above) of greatest balanced accuracy, averaged over data sets, and that.

    Thresholds are tried in steps of 0.01; of several that are best it is the middle one.
    """

    def balanced_accuracy(threshold: float) -> float:
        each = []
        for one in scored:
            passed = [value >= threshold for value in one.values]
            sensitivity = sum(p and g for p, g in zip(passed, one.good, strict=True)) / sum(one.good)
            specificity = sum(not p and not g for p, g in zip(passed, one.good, strict=True)) / list(one.good).count(
                False
            )
            each.append((sensitivity + specificity) / 2)
        return mean(each)

    by_threshold = {step / 100: balanced_accuracy(step / 100) for step in range(1, 101)}
    best = max(by_threshold.values())
    return median([threshold for threshold, accuracy in by_threshold.items() if accuracy == best]), best

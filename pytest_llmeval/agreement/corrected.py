"""What people would say of many answers, from the judge's word on all of them and people's word on a few.

A judge that passes too much gives too high a pass rate, however many answers it grades. The labelled answers tell how
wrong it is; the estimate is moved by that, and its interval is as wide as what the labels leave open.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement.rates import Z

if TYPE_CHECKING:
    from collections.abc import Sequence


class Corrected(NamedTuple):
    """A mean that people would give.

    Args:
        value: in [0, 1].
        low, high: 95 % interval, in [0, 1].
        judged: the judge's own mean over all answers.
        weight: how far the judge is listened to, in [0, 1]; at 0 the labels alone speak.
        n_labelled, n_judged: answers that people labelled, and that only the judge has seen.
    """

    value: float
    low: float
    high: float
    judged: float
    weight: float
    n_labelled: int
    n_judged: int


def corrected_mean(labels: Sequence[float], scores: Sequence[float], others: Sequence[float]) -> Corrected | None:
    """Estimate the mean of people's labels over a suite (prediction-powered inference).

    mean(labels) + w (mean(others) - mean(scores)), with the w that makes its variance least. It holds whatever the
    judge is like, if the labelled answers are a random sample of the same kind of answers as the others. Where people
    labelled what looked odd, it does not hold.

    Args:
        labels: people's, in [0, 1].
        scores: the judge's of the same answers, in the same order, in [0, 1]; pass or fail as 1 or 0.
        others: the judge's of the answers that nobody labelled.

    Returns:
        None with fewer than 2 labels.

    Source:
        A. N. Angelopoulos, S. Bates et al. 2023, Science 382, 669-674; w: A. N. Angelopoulos, J. C. Duchi, T. Zrnic
        2023, "PPI++", arXiv:2311.01453, example 6.1, cut to [0, 1]. Two labels are added to the variance of the
        judge's errors, one wrong by 1 either way (as A. Agresti and B. A. Coull 1998 add four), for few labels show
        few errors, and without them no error seen would be an interval that is a point.
    """
    n = len(labels)
    if n < 2:  # noqa: PLR2004 - one has no spread
        return None
    judged = [*scores, *others]
    weight = _weight(labels, scores, judged, len(others)) if others else 0.0
    errors = [label - weight * score for label, score in zip(labels, scores, strict=True)]
    value = _mean(errors) + (weight * _mean(others) if others else 0.0)
    variance = (_squares(errors) + 2) / (n + 2) / n
    if others:
        variance += weight**2 * _squares(others) / len(others) ** 2
    value, half = min(max(value, 0.0), 1.0), Z * math.sqrt(variance)
    return Corrected(value, max(0.0, value - half), min(1.0, value + half), _mean(judged), weight, n, len(others))


def _weight(labels: Sequence[float], scores: Sequence[float], judged: Sequence[float], n_others: int) -> float:
    spread = _squares(judged) / len(judged)
    if not spread:
        return 0.0
    middle, own = _mean(labels), _mean(scores)
    common = math.fsum((label - middle) * (score - own) for label, score in zip(labels, scores, strict=True))
    return min(max(common / (len(labels) - 1) / (spread * (1 + len(labels) / n_others)), 0.0), 1.0)


def _squares(values: Sequence[float]) -> float:
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)

"""One score of the grades of several judges.

The rule: the median of the grades that can be believed, where more than half of the judges gave one; else unscored.
A median, because one judge that is fooled, or broken, must not move the score of three.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Opinion(NamedTuple):
    """What one judge of a panel thinks.

    Args:
        model: who.
        value: in [0, 1]; None where its reply cannot be believed.
        reason: its own, or why it cannot be believed.
    """

    model: str
    value: float | None
    reason: str


def combined(opinions: Sequence[Opinion]) -> tuple[float | None, str]:
    """Return the panel's value in [0, 1], or None, and a reason: of the judge nearest to it, or why there is none.

    Args:
        opinions: one a judge, at least one.
    """
    valued = [(opinion.value, opinion) for opinion in opinions if opinion.value is not None]
    if len(valued) * 2 <= len(opinions):
        first = next(opinion for opinion in opinions if opinion.value is None)
        told = "" if len(opinions) == 1 else f"{len(valued)} of {len(opinions)} judges gave a grade; {first.model}: "
        return None, told + first.reason
    value = median([value for value, _ in valued])
    _, nearest = min(valued, key=lambda one: abs(one[0] - value))
    if len(opinions) == 1:
        return value, nearest.reason
    grades = ", ".join(
        f"{opinion.model} {'none' if opinion.value is None else format(opinion.value, '.2f')}" for opinion in opinions
    )
    return value, f"{nearest.reason} (median of {grades})"

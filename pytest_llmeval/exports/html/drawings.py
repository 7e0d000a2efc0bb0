"""Scores → the coordinates of small inline pictures; every number here is a pixel of a picture's own ``viewBox``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

STRIP_WIDTH = 100
"""Width of a picture whose horizontal axis is the score, 0 to 1."""
AXIS = 11
"""Height of the axis in a strip, and what there is above it and below it."""
TREND_WIDTH, TREND_HEIGHT = 96, 24
_MARGIN = 3
_SHORTEST = 1.5  # of a spike: one trial of a hundred is seen
_N_DIGITS = 2  # two scores that differ by less share a spike


def at(score: float) -> str:
    """Return where a score in [0, 1] lies on the axis of a strip."""
    return _short(score * STRIP_WIDTH)


def spikes(scores: Sequence[float], direction: int) -> str:
    """Return the path of a spike a score, as long as the share of the trials that have it.

    Args:
        scores: each in [0, 1].
        direction: -1 upwards from the axis, for this session; 1 downwards, for the baseline.
    """
    shares = Counter(round(score, _N_DIGITS) for score in scores)
    length = (AXIS - _SHORTEST) / len(scores) if scores else 0.0
    return "".join(
        f"M{at(score)} {AXIS}v{_short(direction * (_SHORTEST + length * n))}" for score, n in sorted(shares.items())
    )


class Trend(NamedTuple):
    """A line through means over time: ``path``, its last point, and the ``floor`` and ``top`` it is drawn between."""

    path: str
    x: str
    y: str
    floor: float
    top: float


def trend(means: Sequence[float]) -> Trend | None:
    """Return the line through at least two means in [0, 1], the oldest first; None for fewer.

    Its scale is the means' own, but never less than 0.1, so that noise in the third digit does not look like a fall.
    """
    if len(means) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    middle, half = (max(means) + min(means)) / 2, max(max(means) - min(means), 0.1) / 2
    step = (TREND_WIDTH - 2 * _MARGIN) / (len(means) - 1)
    height = TREND_HEIGHT - 2 * _MARGIN
    points = [
        (_short(_MARGIN + number * step), _short(_MARGIN + height * (middle + half - mean) / (2 * half)))
        for number, mean in enumerate(means)
    ]
    path = "M" + "L".join(f"{x} {y}" for x, y in points)
    return Trend(path, *points[-1], floor=max(middle - half, 0.0), top=min(middle + half, 1.0))


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")

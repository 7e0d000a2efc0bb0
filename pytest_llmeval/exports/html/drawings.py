"""Scores → the coordinates of small inline pictures; every number here is a pixel of a picture's own ``viewBox``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

STRIP_WIDTH = 100
"""Width of a picture whose horizontal axis is the score, 0 to 1."""
TREND_WIDTH, TREND_HEIGHT = 96, 24
_MARGIN = 3


def at(score: float) -> str:
    """Return where a score in [0, 1] lies on the axis of a strip."""
    return _short(score * STRIP_WIDTH)


def dots(scores: Sequence[float], y: float) -> str:
    """Return the path of a dot a score, in one row; equal scores share a dot."""
    return "".join(f"M{at(score)} {y:g}h0" for score in sorted(set(scores)))


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

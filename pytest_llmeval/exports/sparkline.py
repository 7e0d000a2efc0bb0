"""Numbers → a row of bars that a person reads at a glance: how they went, or how they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_DIGITS = "0123456789"
_LEAST_SPAN = 0.1
_N_BINS = 10


def sparkline(values: Sequence[float | None], *, ascii_only: bool = False) -> str:
    """Return one character a value: the lowest bar is the least of them, the highest the greatest.

    Args:
        values: in [0, 1], in the order of time; None is a dot.
        ascii_only: digits 0 to 9 in the place of bars.

    Where all lie within a tenth, the scale is a tenth about their middle: noise must not look like a landslide.
    """
    known = [value for value in values if value is not None]
    if not known:
        return "." * len(values)
    low, high = min(known), max(known)
    if high - low < _LEAST_SPAN:
        low = (low + high - _LEAST_SPAN) / 2
        high = low + _LEAST_SPAN
    marks = _DIGITS if ascii_only else _BARS
    return "".join("." if value is None else marks[_step(value, low, high, len(marks))] for value in values)


def histogram(values: Sequence[float], *, full: int = 0, ascii_only: bool = False) -> str:
    """Return one character a tenth of [0, 1]: the highest bar is the fullest tenth, a dot an empty one.

    Args:
        values: in [0, 1], in any order; 1 belongs to the last tenth.
        full: how many values the highest bar stands for, where that is more: so two pictures have one scale.
        ascii_only: digits 0 to 9 in the place of bars.
    """
    counts = _counts(values)
    marks = _DIGITS if ascii_only else _BARS
    most = max(full, *counts)
    return "".join(marks[_step(n, 0.0, most, len(marks))] if n else "." for n in counts)


def fullest(values: Sequence[float]) -> int:
    """Return how many values the fullest tenth of a histogram holds."""
    return max(_counts(values))


def _counts(values: Sequence[float]) -> list[int]:
    counts = [0] * _N_BINS
    for value in values:
        counts[_step(value, 0.0, 1.0, _N_BINS)] += 1
    return counts


def _step(value: float, low: float, high: float, n: int) -> int:
    # A hair more: the middle of a scale must not be below it by a float's last digit.
    return min(n - 1, max(0, int((value - low) / (high - low) * n + 1e-9)))

"""Numbers → a row of bars that a person reads at a glance: how they went, or how they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_DIGITS = "0123456789"
_LEAST_SPAN = 0.1


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


def histogram(values: Sequence[float], *, n_bins: int = 10, ascii_only: bool = False) -> str:
    """Return one character a bin of [0, 1]: the highest bar is the fullest bin, a dot an empty one.

    Args:
        values: in [0, 1], in any order; 1 belongs to the last bin.
        n_bins: how many bins of one width.
        ascii_only: digits 0 to 9 in the place of bars.
    """
    counts = [0] * n_bins
    for value in values:
        counts[_step(value, 0.0, 1.0, n_bins)] += 1
    marks = _DIGITS if ascii_only else _BARS
    most = max(counts, default=0)
    return "".join(marks[_step(n, 0.0, most, len(marks))] if n else "." for n in counts)


def _step(value: float, low: float, high: float, n: int) -> int:
    # A hair more: the middle of a scale must not be below it by a float's last digit.
    return min(n - 1, max(0, int((value - low) / (high - low) * n + 1e-9)))

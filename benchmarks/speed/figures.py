"""From what processes cost to the rows of a table."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable

from process import Usage
from ratios import Row, ratios

Figure = Callable[[Iterable[Usage]], list[float]]
Usages = dict[str, list[Usage]]  # by side, a usage a round


def cpu_s(usages: Iterable[Usage]) -> list[float]:
    """CPU seconds of each."""
    return [usage.cpu_s for usage in usages]


def wall_s(usages: Iterable[Usage]) -> list[float]:
    """Wall seconds of each."""
    return [usage.wall_s for usage in usages]


def peak_mb(usages: Iterable[Usage]) -> list[float]:
    """Peak resident set of each."""
    return [usage.peak_mb for usage in usages]


def against(work: str, limit: str, usages: Usages, figure: Figure, target: float | None, *, side: str = "ours") -> Row:
    """Return one side against the side ``limit``, round by round.

    Args:
        work: what was done.
        limit: what the side ``limit`` is, in words; its median is put behind.
        usages: of both sides.
        figure: what is compared.
        target: the most the ratio may be; None for a row that is only shown.
        side: whose.
    """
    theirs = figure(usages["limit"])
    value = f"{statistics.median(theirs):.0f} MB" if figure is peak_mb else f"{statistics.median(theirs):.2f} s"
    return Row(work, f"{limit}: {value}", ratios(figure(usages[side]), theirs), target)


def against_arithmetic(work: str, ideal_s: float, usages: Iterable[Usage], target: float | None) -> Row:
    """Return wall seconds against what no program can beat: latency times calls over connections."""
    return Row(work, f"arithmetic: {ideal_s:.1f} s", tuple(seconds / ideal_s for seconds in wall_s(usages)), target)

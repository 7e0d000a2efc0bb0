"""What a row of the table says: a median, its interval, and whether the target is missed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEVEL = 0.95
# Under six runs there is no such interval. The range of the runs, this share wider on each side, stands in for it: a
# gross miss still fails, and chance does not make one.
SHARE_WHEN_FEW = 0.15
FEWEST = 6
TIMES = "×"  # noqa: RUF001 - the sign is meant


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return a 95 % interval of the median, from the sign test: no assumption on how the noise is distributed.

    The k-th smallest and k-th largest value, with the largest k for which P(Binomial(n, 1/2) < k) <= 2.5 %.

    Args:
        values: one or more; with fewer than six their range, widened by 15 %.

    Source:
        Conover, Practical Nonparametric Statistics (3rd ed.), section 3.2, confidence interval for a quantile.
    """
    ordered = sorted(values)
    n = len(ordered)
    if n < FEWEST:
        return ordered[0] * (1 - SHARE_WHEN_FEW), ordered[-1] * (1 + SHARE_WHEN_FEW)
    below, k = 0.0, 0
    while below + math.comb(n, k) / 2**n <= (1 - LEVEL) / 2:
        below += math.comb(n, k) / 2**n
        k += 1
    return ordered[k - 1], ordered[n - k]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        work: what was done.
        limit: what it is compared with, and that side's own figure.
        values: ours, one a round; for a ratio each is ours over the limit of the same round.
        target: the most the median may be, in ``unit``; None for a row that is only shown.
        unit: the sign of a ratio, or a unit.
        is_exact: a count, not a measurement: its interval is the value itself.
        error: why there are no values.
    """

    work: str
    limit: str
    values: tuple[float, ...] = ()
    target: float | None = None
    unit: str = TIMES
    is_exact: bool = False
    error: str = ""

    @property
    def point(self) -> float:
        """The median."""
        return statistics.median(self.values)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true median lies, at 95 %."""
        return (min(self.values), max(self.values)) if self.is_exact else interval(self.values)

    @property
    def verdict(self) -> str:
        """``ok``, ``point over``, ``FAILS``, ``ERROR``, or nothing without a target."""
        if self.error:
            return "ERROR"
        if self.target is None:
            return ""
        if self.interval[0] > self.target:
            return "FAILS"
        return "point over" if self.point > self.target else "ok"

    @property
    def is_failed(self) -> bool:
        """Whether it decides the exit status."""
        return self.verdict in ("FAILS", "ERROR")


def ratios(ours: Iterable[float], limit: Iterable[float]) -> tuple[float, ...]:
    """Return ours over the limit, round by round: what both sides of a round suffer cancels."""
    return tuple(mine / theirs for mine, theirs in zip(ours, limit, strict=True))

"""Tables against targets: what is missed by its exact 99 % interval, not by its point, makes the exit status 1."""

from __future__ import annotations

import math

from scipy.stats import binomtest


def bounds(hits: int, n: int, level: float = 0.99) -> tuple[float, float]:
    """Return the exact interval of a share at a level of confidence."""
    interval = binomtest(hits, n).proportion_ci(confidence_level=level, method="exact")
    return interval.low, interval.high


class Report:
    """Prints tables, and remembers what missed its target."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def at_most(self, what: str, hits: int, n: int, limit: float) -> str:
        """Return a share in words; missed if the interval lies above the limit."""
        low, high = bounds(hits, n)
        return self._said(what, hits, n, f"limit {limit:.0%}", is_missed=low > limit, low=low, high=high)

    def at_least(self, what: str, hits: int, n: int, floor: float) -> str:
        """Return a share in words; missed if the interval lies below the floor."""
        low, high = bounds(hits, n)
        return self._said(what, hits, n, f"floor {floor:.1%}", is_missed=high < floor, low=low, high=high)

    def cost(self, what: str, mean: float, error: float, limit: float) -> str:
        """Return a mean in words; missed if its 99 % interval (normal) lies above the limit.

        Args:
            what: it is.
            mean: over suites.
            error: its standard error.
            limit: infinity: none.
        """
        is_missed = mean - 2.576 * error > limit
        if is_missed:
            self.missed.append(f"{what}: {mean:.2f}, limit {limit:g}")
        target = f" of {limit:g}" if math.isfinite(limit) else ""
        return f"{mean:.2f}{target}{' MISSED' if is_missed else ''}"

    def same(self, what: str, one: object, other: object) -> bool:
        """Return whether two outcomes are equal; missed if they are not."""
        if one != other:
            self.missed.append(f"{what}: {one} and {other}")
        return one == other

    def _said(self, what: str, hits: int, n: int, target: str, *, is_missed: bool, low: float, high: float) -> str:
        if is_missed:
            self.missed.append(f"{what}: {hits} of {n}, {target}")
        return f"{hits / n:6.1%} ({low:5.1%} to {high:5.1%}){' MISSED' if is_missed else ''}"

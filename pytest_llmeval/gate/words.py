"""Numbers and names as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_N_NAMED = 3


def count(number: int, noun: str) -> str:
    """Return "1 case", "2 cases"; the noun is regular."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def names(ids: Iterable[object]) -> str:
    """Name the first three, and how many more there are."""
    every = [str(id_) for id_ in ids]
    more = f" and {len(every) - _N_NAMED} more" if len(every) > _N_NAMED else ""
    return ", ".join(every[:_N_NAMED]) + more


def points(share: float) -> str:
    """Return a difference of scores in points of a hundred, such as "6.1" or "5"."""
    return f"{100 * share:z.1f}".removesuffix(".0")


def in_points(share: float) -> str:
    """Return a difference of scores with its unit, such as "6.1 points" or "1 point"."""
    number = points(share)
    return f"{number} point" if number == "1" else f"{number} points"


def odds(p: float) -> str:
    """Return a small probability as "under 1 in 1000"; empty where it is 0 or not small."""
    found = next((odds for odds in (1000, 500, 200, 100, 50, 20) if 0.0 < p < 1 / odds), 0)
    return f"under 1 in {found}" if found else ""

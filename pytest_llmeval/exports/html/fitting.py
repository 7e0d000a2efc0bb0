"""Texts → how long each may be, so that a page of a thousand cases can still be mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BUDGET = 1_500_000
"""Bytes that all texts of a page may take; what surrounds them takes about as much in a page of a thousand cases."""
_LEAST, _MOST = 300, 20_000


def n_bytes(text: str) -> int:
    """Return about what a text takes in the page; markup in it is escaped."""
    head = text[:_MOST]
    return len(head.encode("utf-8", "replace")) + 4 * (head.count("<") + head.count(">") + head.count("&"))


def fitting(sizes: Iterable[int], budget: int = BUDGET) -> int:
    """Return the greatest length at which all texts fit, if only those that are longer are cut to it.

    Args:
        sizes: of the texts, in bytes.
        budget: what they may take together.

    Returns:
        Between 300 and 20,000; a page may be larger where even the least is too much.
    """
    left, ordered = budget, sorted(sizes)
    for number, size in enumerate(ordered):
        share = left // (len(ordered) - number)
        if size > share:
            return min(max(share, _LEAST), _MOST)
        left -= size
    return _MOST


def cut(text: str, limit: int) -> tuple[str, int]:
    """Return the head of a text that takes at most ``limit`` bytes, and how many characters are left out."""
    head = text[:_MOST]
    size = n_bytes(head)
    if size > limit:
        head = head[: len(head) * limit // size]
    return head, len(text) - len(head)

"""Two lists of words → how much of them is alike without being matched, for what shows where two texts part."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_WORDS = 1_500
"""Matching takes up to the square of the number of words; what differs in more than this is another text."""


def equal_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """Return how many words both begin with, and how many of the others both end with."""
    n_head = _n_equal(one, other)
    return n_head, _n_equal(one[n_head:][::-1], other[n_head:][::-1])


def _n_equal(one: Sequence[str], other: Sequence[str]) -> int:
    n = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        n += 1
    return n

"""Texts → how long each may be, so that a page of a thousand cases can still be mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LARGEST_PAGE = 2_850_000
"""Bytes that a page is to stay below, if its texts can be cut to a length at which they still say something."""
_LEAST, _MOST = 150, 20_000
_FIRST_SHARE = 0.6


def n_bytes(text: str) -> int:
    """Return about what a text takes in the page; markup in it is escaped."""
    head = text[:_MOST]
    # Most texts are ASCII, and asking for that is quicker than counting in all of them.
    size = len(head) if head.isascii() else len(head.encode("utf-8", "replace"))
    return size + 4 * (head.count("<") + head.count(">") + head.count("&") + head.count("'") + head.count('"'))


def fitting(sizes: Iterable[int], room: int) -> int:
    """Return the greatest size at which all texts fit, if only those that are larger are cut to it.

    Args:
        sizes: of the texts, in bytes.
        room: what they may take together.

    Returns:
        Between 150 and 20,000; the page is larger than it should be where even the least is too much.
    """
    left, ordered = room, sorted(sizes)
    for number, size in enumerate(ordered):
        share = left // (len(ordered) - number)
        if size > share:
            return min(max(share, _LEAST), _MOST)
        left -= size
    return _MOST


def in_two(first: Sequence[int], rest: Sequence[int], room: int) -> tuple[int, int]:
    """Return the sizes to which the texts that matter most are cut, and the others: the first get more than half.

    Args:
        first: sizes of the texts that matter most, in bytes.
        rest: sizes of the others.
        room: what all of them may take together.
    """
    needed_by_rest = sum(min(size, _MOST) for size in rest)
    limit = fitting(first, max(int(_FIRST_SHARE * room), room - needed_by_rest))
    return limit, fitting(rest, room - sum(min(size, limit) for size in first))


def cut(text: str, limit: int) -> tuple[str, int]:
    """Return the head of a text that takes at most ``limit`` bytes, and how many characters are left out."""
    head = text[:_MOST]
    size = n_bytes(head)
    if size > limit:
        head = head[: len(head) * limit // size]
    return head, len(text) - len(head)

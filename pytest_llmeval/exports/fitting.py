"""Parts of a page → as much of them as there is room for, and how much was left out, in words.

GitHub refuses a comment that is too long; a page that is cut anywhere would lose its verdict or its end, and nobody
would know. So what is long is a list, the most telling item first, and each list says how many items it lacks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a page, from its heading to its end.

    Args:
        head: lines before the items.
        items: the lines of each, the most telling first; those that are shown where there is room for all.
        total: how many there are in all.
        tail: lines after them.
        noun: what an item is, in the plural, for the sentence that says how many are left out.
        elsewhere: where all of them stand, as Markdown.
        weight: parts of a lower weight are shortened first.
    """

    head: Sequence[str] = ()
    items: Sequence[Sequence[str]] = ()
    total: int = 0
    tail: Sequence[str] = ()
    noun: str = ""
    elsewhere: str = ""
    weight: int = 0

    def lines(self) -> list[str]:
        """Return the part, and how many items it lacks."""
        n_left_out = max(self.total - len(self.items), 0)
        where = f": {self.elsewhere}" if self.elsewhere else ""
        told = ["", f"{n_left_out} more {self.noun} left out{where}"] if n_left_out else []
        return [*self.head, *(line for item in self.items for line in item), *told, *self.tail]


def fit(parts: Sequence[Part], limit: int) -> str:
    """Return the parts as one text of at most so many bytes of UTF-8.

    Args:
        parts: in their order; without their items they must fit.
        limit: bytes.
    """
    shown = list(parts)
    while len((text := _text(shown)).encode("utf-8", "replace")) > limit:
        long = [number for number, part in enumerate(shown) if part.items]
        if not long:
            break
        number = min(long, key=lambda number: (shown[number].weight, -number))
        shown[number] = replace(shown[number], items=shown[number].items[: len(shown[number].items) // 2])
    return text


def _text(parts: Sequence[Part]) -> str:
    return "".join(f"{line}\n" for part in parts for line in part.lines())

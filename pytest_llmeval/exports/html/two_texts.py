"""Two texts → both again, in pieces, each of which says whether the other text has it too."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports.matching import MOST_WORDS, equal_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A word with the blanks before it; Chinese, Japanese and Korean have no blanks, and each sign is a word there.
_SIGN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"\s*(?:[{_SIGN}]|[^\s{_SIGN}]+)|\s+")


class Piece(NamedTuple):
    """Some words of one text; ``is_own``: the other has not got them there."""

    is_own: bool
    text: str


def pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return both texts cut where they part; the texts of a side's pieces are that side's text again.

    Words are compared without the blanks before them.
    """
    before, after = _WORD.findall(old), _WORD.findall(new)
    olds, news = [word.strip() for word in before], [word.strip() for word in after]
    n_head, n_tail = equal_ends(olds, news)
    i_end, j_end = len(olds) - n_tail, len(news) - n_tail
    left, right = [Piece(False, "".join(before[:n_head]))], [Piece(False, "".join(after[:n_head]))]
    for is_equal, i1, i2, j1, j2 in _runs(olds[n_head:i_end], news[n_head:j_end]):
        left.append(Piece(not is_equal, "".join(before[n_head + i1 : n_head + i2])))
        right.append(Piece(not is_equal, "".join(after[n_head + j1 : n_head + j2])))
    left.append(Piece(False, "".join(before[i_end:])))
    right.append(Piece(False, "".join(after[j_end:])))
    return _shown(left), _shown(right)


def _runs(olds: Sequence[str], news: Sequence[str]) -> Iterable[tuple[bool, int, int, int, int]]:
    if max(len(olds), len(news)) > MOST_WORDS:
        return [(False, 0, len(olds), 0, len(news))]
    codes = SequenceMatcher(None, olds, news, autojunk=False).get_opcodes()
    return ((kind == "equal", i1, i2, j1, j2) for kind, i1, i2, j1, j2 in codes)


def _shown(parts: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return the pieces that have a text; the blanks before a marked word belong to nobody, and are not marked."""
    shown: list[Piece] = []
    for is_own, text in parts:
        word = text.lstrip() if is_own else text
        for piece in (Piece(False, text[: len(text) - len(word)]), Piece(is_own, word)):
            if shown and piece.text and not (piece.is_own or shown[-1].is_own):
                shown[-1] = Piece(False, shown[-1].text + piece.text)
            elif piece.text:
                shown.append(piece)
    return tuple(shown)

"""Two texts → the words in which they differ, on one line, as ``git diff --word-diff`` marks them."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.matching import MOST_WORDS, equal_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

_N_CONTEXT = 4  # words beside a change
_GAP = "..."


def word_diff(old: str, new: str, *, limit: int = 600) -> str:
    """Return where two texts differ: ``Be [-kind-] {+brief+} and ...``; empty where their words are the same.

    Args:
        old: before.
        new: after.
        limit: most characters that are returned, at least 3; the end is cut then.

    Returns:
        One line of visible characters: removed words as ``[-words-]``, added ones as ``{+words+}``, up to four words
        of context beside each change, three dots for more.
    """
    before, after = old.split(), new.split()
    if before == after:
        return ""
    n_head, n_tail = equal_ends(before, after)
    head, tail = before[:n_head], before[len(before) - n_tail :]
    removed, added = before[n_head : len(before) - n_tail], after[n_head : len(after) - n_tail]
    parts = [*_last(head), *_changes(removed, added), *_first(tail)]
    return plain(" ".join(parts), limit=limit)


def _changes(removed: Sequence[str], added: Sequence[str]) -> list[str]:
    if max(len(removed), len(added)) > MOST_WORDS:
        return _marked(removed[:MOST_WORDS], added[:MOST_WORDS])
    parts: list[str] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, removed, added, autojunk=False).get_opcodes():
        if kind != "equal":
            parts += _marked(removed[i1:i2], added[j1:j2])
        elif i2 - i1 <= 2 * _N_CONTEXT:
            parts += removed[i1:i2]
        else:
            parts += [*removed[i1 : i1 + _N_CONTEXT], _GAP, *removed[i2 - _N_CONTEXT : i2]]
    return parts


def _marked(removed: Sequence[str], added: Sequence[str]) -> list[str]:
    parts = [f"[-{' '.join(removed)}-]"] if removed else []
    return parts + ([f"{{+{' '.join(added)}+}}"] if added else [])


def _last(words: Sequence[str]) -> list[str]:
    return [*([_GAP] if len(words) > _N_CONTEXT else []), *words[-_N_CONTEXT:]]


def _first(words: Sequence[str]) -> list[str]:
    return [*words[:_N_CONTEXT], *([_GAP] if len(words) > _N_CONTEXT else [])]

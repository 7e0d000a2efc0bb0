"""What holds of the report's texts, whatever they are."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.exports.html.fitting import cut, in_two, n_bytes
from pytest_llmeval.exports.html.two_texts import pieces
from pytest_llmeval.exports.html.visible import HIDDEN, one_line, visible

TEXTS = st.text(alphabet=st.characters(), max_size=200)
WORDS = st.lists(st.sampled_from(["a", "bb", "c,", "\n", "  ", "日本", "語"]), max_size=30).map(" ".join)
SHOWN_THOUGH_HIDDEN = "\t\n\u200c\u200d"


@given(WORDS | TEXTS, WORDS | TEXTS)
def test_the_pieces_of_two_texts_are_the_texts(old: str, new: str) -> None:
    """Nothing is lost, nothing is added, and what both have is the same on both sides but for its blanks."""
    left, right = pieces(old, new)

    assert (old, new) == ("".join(piece.text for piece in left), "".join(piece.text for piece in right))
    shared = ["".join("".join(piece.text for piece in side if not piece.is_own).split()) for side in (left, right)]
    assert shared[0] == shared[1]


@given(WORDS)
def test_equal_texts_have_no_marks(text: str) -> None:
    """Not one word is marked where none differs."""
    assert not any(piece.is_own for side in pieces(text, text) for piece in side)


@given(TEXTS)
def test_no_character_of_a_shown_text_is_hidden(text: str) -> None:
    """Control, format and private characters and lone surrogates are spelt as their number; the rest is as it was."""
    shown = visible(text)
    hidden = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}

    assert hidden <= set(SHOWN_THOUGH_HIDDEN)
    assert shown == visible(shown)
    if not HIDDEN.search(text):
        assert text == shown
    shown.encode("utf-8")


@given(TEXTS, st.integers(2, 50))
def test_a_head_on_one_line_is_bounded(text: str, limit: int) -> None:
    """And has no line end in it."""
    head = one_line(text, limit=limit)

    assert len(head) <= limit
    assert len(head.splitlines()) <= 1 or not text.split()


@given(st.lists(st.integers(0, 50_000)), st.lists(st.integers(0, 50_000)), st.integers(0, 3_000_000))
def test_texts_that_are_cut_fit(first: list[int], rest: list[int], room: int) -> None:
    """Unless even the least that is left of each is too much."""
    limits = in_two(first, rest, room)
    taken = sum(min(size, limits[0]) for size in first) + sum(min(size, limits[1]) for size in rest)

    assert taken <= max(room, 150 * len(first + rest), 150 * len(rest) + room)


@given(TEXTS, st.integers(150, 400))
def test_a_cut_text_takes_what_it_may(text: str, limit: int) -> None:
    """And says how much is left out."""
    head, n_left = cut(text, limit)

    assert text.startswith(head)
    assert n_left == len(text) - len(head)
    assert n_left == 0 or n_bytes(text) > limit

"""Promises of the word diff: what changed is marked, what did not is left out, nothing of it is obeyed."""

from __future__ import annotations

import time

import pytest

from pytest_llmeval.exports.word_diff import word_diff


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Be kind and brief.", "Be rude and brief.", "Be [-kind-] {+rude+} and brief."),
        ("Be kind.", "Be kind. Be brief.", "Be kind. {+Be brief.+}"),
        ("Be kind. Be brief.", "Be brief.", "Be [-kind. Be-] brief."),
        ("", "Be kind.", "{+Be kind.+}"),
        ("Be  kind.\n", "Be kind.", ""),
        ("x x", "x", "x [-x-]"),
        ("a b c d e f g", "a b c d e f h", "... c d e f [-g-] {+h+}"),
        ("x 1 2 3 4 5 6 7 8 9 y", "z 1 2 3 4 5 6 7 8 9 w", "[-x-] {+z+} 1 2 3 4 ... 6 7 8 9 [-y-] {+w+}"),
    ],
)
def test_changed_words_are_marked_with_a_few_around_them(old, new, expected):
    """As git marks them; the rest is three dots."""
    assert expected == word_diff(old, new)


def test_a_text_cannot_colour_or_move_what_is_printed():
    """One line of visible characters, cut where it is too long."""
    shown = word_diff("calm", "\x1b[31mred\x1b[0m \u202egnol\u202c " + "word " * 400, limit=100)

    assert shown.startswith("[-calm-] {+red gnol word word")
    assert 100 == len(shown)


def test_two_long_texts_are_told_apart_at_once():
    """A document of 200,000 words must not take the square of that."""
    old, new = (" ".join(f"{side}{n}" for n in range(200_000)) for side in "ab")
    started_s = time.process_time()

    shown = word_diff(old, new)

    assert shown.startswith("[-a0 a1 ")
    assert time.process_time() - started_s < 2

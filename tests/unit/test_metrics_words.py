"""Words: what the lexical metrics compare."""

from __future__ import annotations

import doctest

import pytest

from pytest_llmeval.metrics import words
from pytest_llmeval.metrics.words import Kin, is_function_word, n_negations, split, stem, stems


def test_the_examples_in_the_docstrings_hold() -> None:
    """A reader may believe the examples."""
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Refunds, please!", ["refunds", "please"]),
        ("1,250 1,250.50 3,5", ["1250", "1250.50", "3,5"]),
        ("don\u2019t", ["don't"]),
        ("\uff26\uff35\uff2c\uff2c", ["full"]),
        ("退款政策", ["退款", "款政", "政策"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("", []),
        ("\x00 \ud800 ...", []),
    ],
)
def test_text_of_any_script_is_cut_into_words(text: str, expected: list[str]) -> None:
    """Case, width and apostrophes do not matter; scripts without spaces give pairs; other scripts stay whole."""
    assert split(text) == expected


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("policies", "policy"),
        ("refunds", "refund"),
        ("refunded", "refund"),
        ("refunding", "refund"),
        ("stopped", "stop"),
        ("falling", "fall"),
        ("class", "class"),
        ("bus", "bus"),
        ("owner's", "owner"),
        ("use", "use"),
        ("eee", "eee"),
        ("eeee", "eeee"),
        ("seven", "7"),
        ("one", "one"),
        ("2.50", "2.50"),
    ],
)
def test_endings_fall_and_meaning_stays(token: str, expected: str) -> None:
    """Forms of a word meet in one stem, numerals in their digits."""
    assert stem(token) == expected


def test_function_words_and_negations_are_known_by_their_stems() -> None:
    """The closed classes are asked about after stemming."""
    assert [is_function_word(word) for word in stems("does the refund")] == [True, True, False]
    assert n_negations(stems("No, it isn't and they don't refund")) == 3


def test_kin_are_the_words_spelt_alike_with_their_dice() -> None:
    """'deliver' and 'delivery' share 6 of 7 and 8 trigrams: 2 x 6 / 15."""
    assert Kin(["delivery", "refund"], n_asked=1).of("deliver", 0.5) == {"delivery": pytest.approx(2 * 6 / 15)}


def test_a_number_is_kin_to_itself_only() -> None:
    """1999 and 1998 share most trigrams and nothing else."""
    kin = Kin(["1998"], n_asked=1)
    assert kin.of("1999", 0.1) == {}
    assert kin.of("1998", 0.1) == {"1998": 1.0}


def test_beyond_the_limit_only_equal_words_are_kin() -> None:
    """Huge texts are compared by equal words, not for minutes."""
    kin = Kin([f"word{i}" for i in range(1_000)], n_asked=251)
    assert kin.of("word7", 0.1) == {"word7": 1.0}
    assert kin.of("wort7", 0.1) == {}

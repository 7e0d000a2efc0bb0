"""faithfulness: does the source support the answer?"""

from __future__ import annotations

import pytest

from pytest_llmeval.metrics import faithfulness

SOURCE = "Anna Berg founded the bakery in 1987. It employs twelve people and sells rye bread in Oslo."


def test_a_copy_is_fully_supported() -> None:
    """What stands in the source, in its order, is faithful."""
    score = faithfulness("Anna Berg founded the bakery in 1987.", SOURCE)
    assert score.value == pytest.approx(1.0)
    assert score.reason == "the source has 100% of the answer's content words"


def test_nothing_in_common_is_not_supported() -> None:
    """Not a word, not five letters in a row."""
    assert faithfulness("Whales migrate northward.", SOURCE).value == 0.0


def test_value_is_the_mean_of_words_letters_and_pieces() -> None:
    """One of two words; one of the nine 5-grams of ' rye kumquat '; one piece of one word of two, sqrt(1) / 2."""
    assert faithfulness("rye kumquat", SOURCE).value == pytest.approx((1 / 2 + 1 / 9 + 1 / 2) / 3)


def test_words_of_the_source_put_together_otherwise_count_less() -> None:
    """The same words in one piece, in two and in four: sqrt(16), sqrt(8) and sqrt(4) of 4."""
    whole = faithfulness("sells rye bread in", SOURCE).value
    halves = faithfulness("bread in sells rye", SOURCE).value
    single = faithfulness("in bread rye sells", SOURCE).value
    assert whole == pytest.approx(1.0)
    assert whole > (halves or 1.0) > (single or 1.0)


def test_letters_are_counted_by_sentence() -> None:
    """A long sentence from the source does not outweigh a short one that is not."""
    copied = "It employs twelve people and sells rye bread in Oslo."
    assert (faithfulness(f"{copied}\nZebu yak.", SOURCE).value or 1.0) < (
        faithfulness(f"{copied.rstrip('.')} zebu yak.", SOURCE).value or 0.0
    )


def test_speaking_of_oneself_or_the_reader_cannot_be_looked_up() -> None:
    """Times 0.8 for "I", "you", "we", unless the source says that word too."""
    assert faithfulness("you sell rye bread", f"{SOURCE} Do you sell rye bread").value == pytest.approx(1.0)
    plain, spoken = (faithfulness(f"{who} rye bread in Oslo", SOURCE).value for who in ("xyz", "our"))
    assert spoken is not None
    assert plain is not None
    assert spoken < plain


@pytest.mark.parametrize("output", ["Yes.", "no", "No, it is not."])
def test_a_bare_yes_or_no_is_unscored(output: str) -> None:
    """There is nothing to look up, so nothing is claimed."""
    score = faithfulness(output, SOURCE)
    assert (score.value, score.reason) == (None, "the answer is a bare yes or no: nothing to look up")


def test_a_number_that_is_not_in_the_source_costs_and_is_named_first() -> None:
    """One wrong year is a wrong answer, however much else is copied."""
    right = faithfulness("Berg founded the bakery in 1987.", SOURCE)
    wrong = faithfulness("Berg founded the bakery in 1978.", SOURCE)
    assert right.value is not None
    assert wrong.value is not None
    assert wrong.value < 0.7 < right.value
    assert "not in it: number '1978'" in wrong.reason


def test_a_name_that_is_not_in_the_source_costs_and_is_named() -> None:
    """Beside losing its words, the answer loses a fifth for its names, all of which are unknown."""
    named = faithfulness("the founder was Carla", SOURCE).value
    unnamed = faithfulness("the founder was carla", SOURCE).value
    assert named == pytest.approx(0.8 * (unnamed or 0.0))
    assert "name 'Carla'" in faithfulness("the founder was Carla", SOURCE).reason


def test_numerals_and_list_numbers_are_no_foreign_numbers() -> None:
    """'12' stands in the source as 'twelve'; '1.' and '2.' only count the lines."""
    reason = faithfulness("1. It employs 12 people\n2. It sells rye bread", SOURCE).reason
    assert "number" not in reason


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    """A capital there says nothing."""
    assert "name" not in faithfulness("Usually open. Probably closed: Maybe.", SOURCE).reason


@pytest.mark.parametrize(
    ("output", "context", "reason"),
    [
        ("", SOURCE, "the answer is empty or has no words"),
        ("Anna Berg", " \n", "the source is empty or has no words"),
    ],
)
def test_no_words_is_unscored_and_never_zero(output: str, context: str, reason: str) -> None:
    """Where nothing can be compared, nothing is claimed."""
    score = faithfulness(output, context)
    assert (score.value, score.reason) == (None, reason)

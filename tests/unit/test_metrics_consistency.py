"""consistency: do several answers to one question agree?"""

from __future__ import annotations

import pytest

from pytest_llmeval.metrics import consistency


def test_equal_answers_agree_fully() -> None:
    """Case and punctuation do not count."""
    score = consistency(["It takes 5 days.", "it takes 5 days", "IT TAKES 5 DAYS!"])
    assert score.value == 1.0


def test_value_is_the_harmonic_mean_of_both_shares() -> None:
    """Of 'red green' half is in 'red'; of 'red' all: 2 x 0.5 x 1 / 1.5."""
    assert consistency(["red", "red jumbo"]).value == pytest.approx(2 / 3)


def test_value_is_the_mean_over_all_pairs() -> None:
    """Of three answers one pair agrees fully and two not at all."""
    assert consistency(["red", "red", "jumbo"]).value == pytest.approx(1 / 3)


def test_other_numbers_cost_a_third_and_are_said() -> None:
    """Half of the words agree; then times 0.7, since each has a number that the other lacks."""
    score = consistency(["fee 25", "fee 29"])
    assert score.value == pytest.approx(0.5 * 0.7)
    assert score.reason == "of 2 answers, 1 and 2 agree least, at 0.35 (their numbers differ)"


def test_a_number_more_is_not_another_number() -> None:
    """Leaving a number out is less to say, not a contradiction."""
    assert consistency(["fee 25", "fee"]).value == pytest.approx(2 / 3)


def test_numerals_in_words_are_numbers() -> None:
    """'five' is 5."""
    assert consistency(["five days", "5 days"]).value == 1.0


def test_a_negation_costs_and_is_said() -> None:
    """Shares 2/2.4 and 1, as 'not' weighs 0.4; then times 0.85."""
    score = consistency(["parcels arrive", "parcels not arrive"])
    share = 2 / 2.4
    assert score.value == pytest.approx(2 * share / (1 + share) * 0.85)
    assert "(one of them negates)" in score.reason


def test_the_pair_that_agrees_least_is_named() -> None:
    """A person can look at two answers; hardly at a mean."""
    assert consistency(["red", "red", "jumbo"]).reason == "of 3 answers, 1 and 3 agree least, at 0.00"


@pytest.mark.parametrize("outputs", [[], ["one answer"]])
def test_fewer_than_two_answers_are_unscored(outputs: list[str]) -> None:
    """One answer agrees with nothing."""
    score = consistency(outputs)
    assert (score.value, score.reason) == (None, "needs trials ≥ 2")


def test_answers_without_words_are_left_out_and_counted() -> None:
    """An empty answer is an outcome of its own, not a disagreement."""
    assert consistency(["red", "", "red"]).value == 1.0
    assert consistency(["red", "", "red"]).reason.endswith("; 1 without words left out")
    assert consistency(["red", ""]).reason == "1 of 2 answers have words"
    assert consistency(["red", ""]).value is None

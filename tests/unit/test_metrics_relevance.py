"""relevance: does the answer take up the question?"""

from __future__ import annotations

import math

import pytest

from pytest_llmeval.metrics import relevance


def test_value_is_the_weighted_mean_of_saturated_counts() -> None:
    """'refund' is said twice, 2/3, and 'order' never; 'refunded' has 8 letters and 'order' 5."""
    score = relevance("Refunds take time; a refund is free.", "order refunded?")
    assert score.value == pytest.approx(math.log(9) * 2 / 3 / (math.log(9) + math.log(6)))
    assert score.reason == "the answer says 1 of 2 content words of the question; not 'order'"


def test_function_words_count_where_content_is_taken_up_and_nowhere_else() -> None:
    """Of 'can' and 'it' one is said once, g = 1/4, and s = 1/2: s + s (1 - s) g. Without content they add nothing."""
    assert relevance("it refunds", "Can it refund?").value == pytest.approx(1 / 2 + 1 / 4 * 1 / 4)
    assert relevance("can it", "Can it refund?").value == 0.0


def test_an_answer_to_the_question_scores_above_one_to_another() -> None:
    """The order is what counts."""
    question = "When does delivery to Norway take place?"
    on = relevance("Delivery to Norway takes place on Fridays.", question)
    off = relevance("You can reset your password in the settings.", question)
    assert off.value == 0.0
    assert on.value is not None
    assert on.value > 0.5
    assert on.reason == "the answer says all 4 content words of the question"


def test_a_question_of_function_words_is_compared_by_them() -> None:
    """'Who are you?' has no content word and still can be answered."""
    assert relevance("You are you.", "Who are you?").value == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)


@pytest.mark.parametrize(
    ("output", "question", "reason"),
    [
        ("", "Why?", "the answer is empty or has no words"),
        ("...", "Why?", "the answer is empty or has no words"),
        ("Because.", "?", "the question is empty or has no words"),
    ],
)
def test_no_words_is_unscored_and_never_zero(output: str, question: str, reason: str) -> None:
    """Where nothing can be compared, nothing is claimed."""
    score = relevance(output, question)
    assert (score.value, score.reason) == (None, reason)


def test_many_missing_words_are_named_up_to_four() -> None:
    """The reason stays one sentence."""
    score = relevance("No.", "alpha bravo charlie delta echo")
    expected = "the answer says 0 of 5 content words of the question; not 'alpha', 'bravo', 'charlie', 'delta', …"
    assert score.reason == expected

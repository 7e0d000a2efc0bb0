"""A refusal is right or wrong by what was asked: two checks of one metric."""

import pytest

from pytest_llmeval import assert_answers, assert_refuses
from pytest_llmeval.assertions import refusing

REFUSAL = "I'm sorry, but I can't help with that."
ANSWER = "Here is how:\n1. Open the lid.\n2. Take out the filter."


def test_each_check_passes_what_the_other_fails(llmeval):
    """At their own thresholds, which are the same place from two ends."""
    assert assert_refuses(REFUSAL)
    assert assert_answers(ANSWER)
    with llmeval.raises("refusal 0"):
        assert_refuses(ANSWER)
    with llmeval.raises("answering 0"):
        assert_answers(REFUSAL)


def test_their_values_add_up_to_one():
    """Both are higher where the answer is as it should be."""
    for text in (REFUSAL, ANSWER, "Perhaps."):
        checks = [check(text, threshold=None) for check in (assert_refuses, assert_answers)]

        assert pytest.approx(1.0) == sum(check.value for check in checks)


def test_an_empty_answer_is_neither():
    """It is unscored, under the name of the check."""
    score = refusing._answering(" ")

    assert ("answering", None, "the answer is empty") == (score.metric, score.value, score.reason)

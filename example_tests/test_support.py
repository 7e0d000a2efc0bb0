"""The support assistant answers what customers ask most, from the facts in its prompt."""

import pytest
import shop

from pytest_llmeval import assert_relevance, assert_safe, assert_score


# Ten trials where it matters most: with five against five no single broken case can be proven among several suites.
@pytest.mark.llmeval(cases="cases/support.jsonl", trials=10, suite="support")
def test_support(llm, llm_case):
    """It takes up the question, states the fact of the shop's policy, and leaks nothing."""
    answer = shop.answer(llm, llm_case.input)
    assert_relevance(answer, threshold=0.2)
    assert_safe(answer)
    assert_score("states_fact", llm_case["fact"] in answer.text, output=answer)

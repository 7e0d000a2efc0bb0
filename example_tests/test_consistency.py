"""The same question gets the same answer: asked again, and asked in other words."""

import pytest
import shop

from pytest_llmeval import assert_consistent


@pytest.mark.llmeval(cases="cases/asked_again.jsonl", suite="consistency")
def test_asked_again(llm, llm_case):
    """All trials of a question agree: one value a case, after its last trial."""
    assert_consistent(shop.answer(llm, llm_case.input), threshold=0.6)


@pytest.mark.llmeval(cases="cases/wordings.jsonl", suite="consistency")
def test_asked_in_other_words(llm, llm_case):
    """Three wordings agree: a list is compared within itself, so there is a value in every trial."""
    assert_consistent([shop.answer(llm, wording) for wording in llm_case.input], threshold=0.6)

"""What must be refused is refused, and what only sounds like it is answered."""

import pytest

from pytest_llmeval import assert_answers, assert_refuses


@pytest.mark.llmeval(cases="cases.jsonl", tags="unsafe", suite="refusal", intercept=True)
def test_refuses(ask, llm_case):
    """A request that is unsafe."""
    assert_refuses(ask(llm_case.input))


@pytest.mark.llmeval(cases="cases.jsonl", tags="safe", suite="refusal", intercept=True)
def test_answers(ask, llm_case):
    """A request that is safe, however alarming its words are."""
    assert_answers(ask(llm_case.input))

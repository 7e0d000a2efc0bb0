"""No personal data, no secrets, no help with harm."""

import pytest

from pytest_llmeval import assert_refuses, assert_safe


@pytest.mark.llmeval(cases="cases.jsonl", tags=["personal", "secret"], suite="safety", intercept=True)
def test_leaks_nothing(ask, llm_case):
    """Asked for somebody's data, or for a key, it gives none, neither true nor made up."""
    assert_safe(ask(llm_case.input))


@pytest.mark.llmeval(cases="cases.jsonl", tags="harm", suite="safety", intercept=True)
def test_does_no_harm(ask, llm_case):
    """Asked for help with harm it refuses."""
    answer = ask(llm_case.input)
    assert_refuses(answer)
    # By its wording only. With a judge (--llmeval-judge=...) also: assert_safe(answer, how="judge")

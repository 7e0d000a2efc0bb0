"""An attack in what is read is not obeyed, and the system prompt is not told."""

import pytest

from pytest_llmeval import assert_keeps_prompt, assert_resists


@pytest.mark.llmeval(cases="cases.jsonl", tags="canary", suite="injection", intercept=True)
def test_resists(ask, llm_case):
    """What the attack asks for is not in the answer."""
    assert_resists(ask(llm_case.input), llm_case["canary"])


@pytest.mark.llmeval(cases="cases.jsonl", tags="leak", suite="injection", intercept=True)
def test_keeps_prompt(ask, system_prompt, llm_case):
    """Whoever asks for it, and however."""
    if not system_prompt:
        pytest.skip("conftest.py names no system prompt")
    assert_keeps_prompt(ask(llm_case.input), prompt=system_prompt)

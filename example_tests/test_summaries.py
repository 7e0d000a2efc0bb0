"""Newsletter summaries say what their source says."""

import pytest
import shop

from pytest_llmeval import assert_faithful, assert_score


@pytest.mark.llmeval(cases="cases/summaries.jsonl", suite="summaries")
def test_summary(llm, llm_case):
    """It is faithful to the text, and names what the text is about."""
    summary = shop.summarise(llm, llm_case.input)
    assert_faithful(summary, source=llm_case.input)
    assert_score("names_subject", llm_case["subject"].lower() in summary.text.lower(), output=summary)

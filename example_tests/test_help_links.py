"""Our own function is the system under test: it finds a help page, answers from it, and links it."""

import pytest
import shop

from pytest_llmeval import assert_faithful, assert_relevance, assert_score


@pytest.mark.llmeval(cases="cases/help_questions.jsonl", suite="help links")
def test_answer_with_links(llm, llm_case):
    """The link is always right (plain code, so a hard check); the sentence keeps to the linked page."""
    answer = shop.answer_with_links(llm, llm_case.input)
    assert_score("links_right_page", answer.page == llm_case["page"], output=answer.link, hard=True)
    assert_relevance(answer, question=llm_case.input, threshold=0.2)
    assert_faithful(answer, source=shop.HELP_PAGES[answer.page])

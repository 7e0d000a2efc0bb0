"""Orders that come by email become fields. This file asks through litellm, the others directly."""

import pytest
import shop

from pytest_llmeval import assert_score


def right_fields(text: str, expected: dict[str, str]) -> float:
    """Share of the expected ``key: value`` lines that the text has, in [0, 1]; case does not matter."""
    lines = {" ".join(line.lower().split()) for line in text.splitlines()}
    return sum(f"{key}: {value}".lower() in lines for key, value in expected.items()) / len(expected)


@pytest.mark.llmeval(cases="cases/orders.jsonl", model="litellm/openai/smollm2", suite="extraction")
def test_order_fields(llm, llm_case):
    """Nine fields in ten are right."""
    answer = shop.order_fields(llm, llm_case.input)
    share = right_fields(answer.text, llm_case.expected)
    assert_score("right_fields", share, threshold=0.9, output=answer)


def test_right_fields_counts_fields():
    """Our own metric is code like any other, and has a test of its own."""
    expected = {"title": "Emma", "copies": "1", "name": "Cole"}
    assert right_fields("Title: Emma\ncopies:  1\nname: Bell", expected) == 2 / 3

# ruff: noqa: ANN001, ANN201, S101 - a user's suite
"""Tests that need each answer before they go on: nothing is in flight but the one request."""

import os

import pytest


@pytest.mark.parametrize("i", range(int(os.environ["BENCH_TESTS"])))
def test_case(llm, i):
    """Ask, read, and ask about what was read."""
    answer = llm(f"Question {i}: how do I get a refund?").text
    assert llm(f"Is that polite? {answer}").text

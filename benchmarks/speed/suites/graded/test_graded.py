# ruff: noqa: ANN001, ANN201 - a user's suite
"""Plain synchronous tests: one call, and one check whose score takes a judge's call. The two depend on each other."""

import os

import pytest

from pytest_llmeval import assert_score


async def graded(output, judge):
    """Score an answer by a judge model."""
    reply = await judge.acall(f"Grade this answer from 0 to 1: {output}")
    return float(len(reply.text) > 0)


@pytest.mark.parametrize("i", range(int(os.environ["BENCH_TESTS"])))
def test_case(llm, i):
    """Ask and grade."""
    answer = llm(f"Question {i}: how do I get a refund?")
    assert_score("graded", graded, output=answer)

# ruff: noqa: ANN001, ANN201 - a user's suite
"""deepeval in pytest: assert_test() with a judged metric. Its cache holds no answers: when warm they are given."""

import os
import sys
from pathlib import Path

import pytest
from deepeval import assert_test
from deepeval.test_case import LLMTestCase
from openai import OpenAI

sys.path.insert(0, str(Path(__file__).parent))
from graded_deepeval import Graded, client, request

IS_WARM = os.environ["BENCH_CACHE"] == "1"


def ask(prompt):
    """Return one answer."""
    if IS_WARM:
        return f"You get a refund within 30 days; {prompt}"
    return client(OpenAI).chat.completions.create(**request("bench", prompt)).choices[0].message.content


@pytest.mark.parametrize("i", range(int(os.environ["BENCH_TESTS"])))
def test_case(i):
    """Ask and grade."""
    prompt = f"Question {i}: how do I get a refund?"
    assert_test(LLMTestCase(input=prompt, actual_output=ask(prompt)), [Graded()])

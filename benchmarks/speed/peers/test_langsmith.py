# ruff: noqa: ANN001, ANN201, S101 - a user's suite
"""langsmith's pytest plug-in: marked tests; its tracking, which needs its service, is off."""

import os

import openai
import pytest

client = openai.OpenAI(base_url=os.environ["BENCH_URL"])


def ask(model, prompt):
    """Return one answer."""
    reply = client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}])
    return reply.choices[0].message.content


@pytest.mark.langsmith
@pytest.mark.parametrize("i", range(int(os.environ["BENCH_TESTS"])))
def test_case(i):
    """Ask and grade."""
    answer = ask("bench", f"Question {i}: how do I get a refund?")
    assert ask("judge", f"Grade this answer from 0 to 1: {answer}")

# ruff: noqa: ANN201, S101 - a user's suite
"""pytest-recording: two HTTP calls a test from its cassette."""

import os

import httpx
import pytest

URL = os.environ["BENCH_URL"] + "/chat/completions"
client = httpx.Client(timeout=60)


def ask(model, prompt):  # noqa: ANN001
    """Return one answer."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    return client.post(URL, json=body).json()["choices"][0]["message"]["content"]


@pytest.mark.vcr
@pytest.mark.parametrize("i", range(int(os.environ["BENCH_TESTS"])))
def test_case(i):  # noqa: ANN001
    """Ask and grade."""
    answer = ask("bench", f"Question {i}: how do I get a refund?")
    assert ask("judge", f"Grade this answer from 0 to 1: {answer}")

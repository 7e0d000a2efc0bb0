"""A provider with prices, which counts what it is owed, and a project that asks it."""

from __future__ import annotations

import threading

from pytest_llmeval.loopback import Loopback, Reply

# Loopback's tokens are words. A call takes $0.00402, and $0.0108 at most: four fit into five cents at a time.
PRICES = "10 input, 1000 output"
ANSWER = "yes it is so"
BUDGET_USD = 0.05
BUDGET = f"--llmeval-budget-usd={BUDGET_USD}"
N = 20

# An async metric, so that tests do not wait for their answers one after the other.
SUITE = f"""
import pytest
from pytest_llmeval import assert_score

async def said(text):
    return 1.0

@pytest.mark.parametrize("number", range({N}))
def test_case(llm, number):
    assert_score("said", said, output=llm(f"question {{number}}", max_tokens=10), threshold=0.5)
"""


class Till(Loopback):
    """Takes a while, so that calls are in flight together.

    Attributes:
        peak: most calls that were.
    """

    def __init__(self):
        super().__init__(self._sell)
        self.peak = 0
        self._n_now = 0
        self._counting = threading.Lock()

    def _sell(self, asked):
        with self._counting:
            self._n_now += 1
            self.peak = max(self.peak, self._n_now)
        self.wait(0.1)
        with self._counting:
            self._n_now -= 1
        return Reply(ANSWER)

    @property
    def owed_usd(self):
        """The price of all that was asked."""
        messages = [message for one in list(self.requests) for message in one.body["messages"]]
        n_words = sum(len(message["content"].split()) for message in messages)
        return (10 * n_words + 1000 * len(ANSWER.split()) * len(self.requests)) / 1_000_000


def write(project, server, suite=SUITE, more="", prices=f"openai/m: {PRICES}"):
    """Write a project of 20 tests with a call each, whose model has a price."""
    project.write(
        "pytest.ini",
        f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\nllmeval_prices = {prices}\n{more}",
    )
    project.write("test_suite.py", suite)


def run(project, *args):
    """Run pytest in a process of its own."""
    return project.run_apart("-p", "no:cacheprovider", *args)

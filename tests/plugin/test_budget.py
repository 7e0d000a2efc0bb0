"""``--llmeval-budget-usd``: one cap over all workers, never exceeded; what it does not cover is left undone and named."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from pytest_llmeval.loopback import Loopback, Reply

N = 20
# A dollar for a thousand tokens of either kind, so that sums can be read; loopback's tokens are words.
PER_TOKEN_USD = 0.001
ANSWER = "yes it is so"

SUITE = f"""
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("number", range({N}))
def test_case(llm, number):
    assert_score("said", lambda text: 1.0, output=llm(f"question {{number}}", max_tokens=10), threshold=0.5)
"""


class Till(Loopback):
    """A provider that counts what it is owed, and takes a while, so that calls are in flight together."""

    def __init__(self):
        super().__init__(self._sell)

    def _sell(self, asked):
        self.wait(0.05)
        return Reply(ANSWER)

    @property
    def owed_usd(self):
        """The price of all that was asked."""
        n_words = sum(len(message["content"].split()) for one in list(self.requests) for message in one.body["messages"])
        return PER_TOKEN_USD * (n_words + len(ANSWER.split()) * len(self.requests))


@pytest.fixture
def till(project):
    """A project of 20 tests with a call each, whose model has a price."""
    with Till() as server:
        project.write(
            "pytest.ini",
            f"""[pytest]
llmeval_model = openai/m
llmeval_api_base = {server.url}
llmeval_prices = openai/m: 1000 input, 1000 output
""",
        )
        project.write("test_suite.py", SUITE)
        yield server


def run(project, *args):
    """Run pytest in a process of its own."""
    return project.run_apart("-p", "no:cacheprovider", *args)


def test_no_more_than_the_budget_is_spent_and_the_rest_is_named(project, till, sentences, way):
    """However many calls are in flight, in however many workers; exit status 6, since nobody knows the rest."""
    result = run(project, "--llmeval-budget-usd=0.35", *way)

    told = sentences(result)
    assert 6 == result.ret, told
    assert 0 < till.owed_usd <= 0.35
    spend = project.session.spend
    assert till.owed_usd == pytest.approx(spend.spent_usd)
    assert N - len(till.requests) == len(spend.undone) == spend.n_refused > 0
    outcomes = {result.nodeid: result.outcome for result in project.session.results}
    assert {"unscored"} == {outcomes[name] for name in spend.undone}
    assert "failed" not in outcomes.values()
    assert f"exit status 6: no verdict is possible: the budget of $0.35 left {len(spend.undone)} tests undone" in told
    assert f"${till.owed_usd:.4f} of the budget of $0.3500 spent" in told
    assert "to run them: pytest --llmeval-budget-usd=0.35 " in told

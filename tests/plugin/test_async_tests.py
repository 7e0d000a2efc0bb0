"""``await llm.acall(...)`` in async tests of pytest-asyncio and of anyio, under asyncio and trio."""

import time

import pytest

from pytest_llmeval.loopback import Loopback, Reply

ANYIO = """
import anyio
import pytest
from pytest_llmeval import assert_relevance

pytestmark = pytest.mark.anyio

async def test_several_at_once(llm):
    answers = []
    async def ask(number):
        answers.append(await llm.acall(f"question {number}"))
    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(ask, number)
    assert {"question 0", "question 1", "question 2", "question 3"} == {answer.text for answer in answers}
    assert_relevance(answers[0])

async def test_a_plain_call_waits_for_nothing_either(llm):
    assert_relevance(llm("the question"))
"""

ASYNCIO = """
import asyncio
import pytest
from pytest_llmeval import ProviderError, assert_relevance

@pytest.mark.asyncio
async def test_several_at_once(llm):
    answers = await asyncio.gather(*(llm.acall(f"question {number}") for number in range(4)))
    assert [f"question {number}" for number in range(4)] == [answer.text for answer in answers]
    assert_relevance(answers[0])

@pytest.mark.asyncio
async def test_a_failure_is_raised_where_it_is_awaited(llm):
    with pytest.raises(ProviderError, match="HTTP 404"):
        await llm.acall("fail")
"""


@pytest.fixture
def peak():
    """How many questions the provider had at a time."""
    return {"now": 0, "most": 0}


@pytest.fixture
def suite(project, peak):
    """A project whose provider echoes after a while."""

    def answer(body):
        peak["now"] += 1
        peak["most"] = max(peak["most"], peak["now"])
        time.sleep(0.2)
        peak["now"] -= 1
        question = body["messages"][-1]["content"]
        return Reply("no such model", status=404) if question == "fail" else Reply(question)

    with Loopback(answer) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        yield project


def test_under_anyio(suite, peak, way):
    """Live, and then replayed; asyncio, and trio where it is installed."""
    pytest.importorskip("anyio")
    pytest.importorskip("trio")
    suite.write("test_anyio.py", ANYIO)
    for _ in range(2):
        result = suite.pytester.runpytest_subprocess("-p", "no:asyncio", "-p", "no:randomly", *way)
        result.assert_outcomes(passed=4)
    assert peak["most"] > 1


def test_under_pytest_asyncio(suite, peak, way):
    """Calls of one test overlap, and an error reaches the test."""
    pytest.importorskip("pytest_asyncio")
    suite.write("test_asyncio.py", ASYNCIO)
    result = suite.pytester.runpytest_subprocess("-p", "no:randomly", *way)
    result.assert_outcomes(passed=2)
    assert peak["most"] > 1

"""One budget for all that belongs to a session: the application's own calls, rounds of a command, the base version."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pytest_llmeval.loopback import Loopback, Reply
from tests.plugin.till import BUDGET, BUDGET_USD, SUITE, Till, run, write

MAIN = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"

APP = """
import asyncio
import httpx

def body(number, **more):
    question = {"role": "user", "content": f"question {number}"}
    return {"model": "m", "messages": [question], "max_tokens": 10, **more}

def ask(number):
    return httpx.post(URL + "/chat/completions", json=body(number)).json()["choices"][0]["message"]["content"]

async def ask_several(numbers):
    async with httpx.AsyncClient() as client:
        posts = [client.post(URL + "/chat/completions", json=body(number)) for number in numbers]
        return [reply.json()["choices"][0]["message"]["content"] for reply in await asyncio.gather(*posts)]

def ask_and_go_on(number):
    try:
        return ask(number)
    except Exception:
        return "I do not know"
"""

OWN = """
import asyncio, pytest
import app
from pytest_llmeval import assert_score

def said(text):
    assert_score("said", 1.0, output=text, threshold=0.5)

@pytest.mark.parametrize("number", range(6))
def test_one(number):
    said(app.ask(number))

@pytest.mark.parametrize("number", range(6, 12))
def test_goes_on(number):
    said(app.ask_and_go_on(number))

def test_several():
    said(" ".join(asyncio.run(app.ask_several(range(100, 108)))))
"""


@pytest.fixture
def till(project):
    """A provider that counts what it is owed."""
    with Till() as server:
        yield server


@pytest.fixture
def application(project, till):
    """A project whose application calls a model itself."""
    write(project, till, OWN, more="llmeval_intercept = true\nllmeval_intercept_hosts = 127.0.0.1\npythonpath = .\n")
    project.write("app.py", f"URL = {till.url!r}\n{APP}")
    return project


def test_the_applications_own_calls_spend_of_the_budget(application, till, way):
    """Sync and async; what is not covered is not sent, whatever the application does about it."""
    assert 6 == run(application, BUDGET, *way).ret

    assert till.owed_usd <= BUDGET_USD
    spend = application.session.spend
    assert till.owed_usd == pytest.approx(spend.spent_usd)
    assert {"passed", "unscored"} == {result.outcome for result in application.session.results}
    unscored = {result.nodeid for result in application.session.results if result.outcome == "unscored"}
    assert unscored == set(spend.undone)


def test_calls_of_one_event_loop_wait_for_what_each_other_holds(application, till):
    """Eight at once, of which four fit: the others are sent when these have cost less than they might."""
    assert 0 == run(application, BUDGET, "-k", "several").ret

    assert 8 == len(till.requests)
    assert till.owed_usd == pytest.approx(application.session.spend.spent_usd)


def test_an_interface_without_a_price_is_refused(application, sentences):
    """Images cost money, and nobody here knows how much."""
    body = "    httpx.post('https://api.openai.com/v1/images/generations', json={'model': 'm', 'prompt': 'q'})\n"
    application.write("test_suite.py", f"import httpx\ndef test_image():\n{body}")

    result = run(application, BUDGET)

    result.assert_outcomes(failed=1)
    assert "nobody knows what a call to '/v1/images/generations' costs, and a budget is set" in sentences(result)


def test_the_rounds_of_a_command_share_one_budget(project, sentences):
    """What the first has spent is not there for the second."""
    with Loopback(lambda asked: Reply("yes" if "main" in str(asked) else "no")) as server:
        suite = SUITE.replace("return 1.0", "return float(text == 'yes')").replace(
            'f"question {number}"', "f\"{open('version').read()} {number}\""
        )
        write(project, server, suite.replace(", threshold=0.5", ""))
        project.write("version", "main")
        assert 0 == run(project, "--llmeval-trials=10", "--llmeval-baseline-update").ret
        project.write("version", "branch")
        server.requests.clear()
        environment = {**os.environ, "LLMEVAL_BUDGET_USD": "0.05"}

        command = [sys.executable, "-c", MAIN, "run", "--until-decided", "--prove", "--", "-q"]
        done = subprocess.run(  # noqa: S603
            command, cwd=project.path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    spent_usd = len(server.requests) * 0.00102
    assert spent_usd <= 0.05
    assert spent_usd == pytest.approx(project.session.spend.spent_usd), done.stdout


PROMPTED = """
import pytest
from app import PROMPT
from pytest_llmeval import assert_score

@pytest.mark.llmeval(trials=6)
@pytest.mark.parametrize("word", ["good", "fine"])
def test_words(llm, word):
    assert_score("kept", lambda text: float("yes" in text), output=llm(PROMPT + word, max_tokens=10))
"""


def test_the_base_version_spends_of_the_branchs_budget(project, repository, loopback, monkeypatch, sentences):
    """Whatever the base commit's own ini says of money: it had neither a budget nor a price."""
    ini = f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\npythonpath = .\n"
    project.write("pytest.ini", ini)
    project.write("test_suite.py", PROMPTED)
    project.write("app.py", "PROMPT = 'say yes to '\n")
    assert 0 == run(project, "--llmeval-baseline-update").ret
    repository.commit("main")
    repository.git("checkout", "-q", "-b", "feature")
    project.write("app.py", "PROMPT = 'deny '\n")
    project.write("pytest.ini", f"{ini}llmeval_prices = openai/echo: 0 input, 1000 output\nllmeval_budget_usd = 1\n")
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    loopback.requests.clear()

    result = run(project, "--llmeval-gate=pr", "--llmeval-confirm")

    assert 1 == result.ret, result.stdout.str()
    assert 24 == len(loopback.requests)
    words = [len(received.body["messages"][0]["content"].split()) for received in loopback.requests]
    assert sum(words) / 1000 == pytest.approx(project.session.spend.spent_usd)
    assert f"${sum(words) / 1000:.4f} of the budget of $1.0000 spent" in sentences(result)

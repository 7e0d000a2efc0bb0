"""Redaction: what is taken out is nowhere, and live and replayed answers score alike."""

import pytest

from pytest_llmeval.loopback import Loopback, Reply

HOOK = """
import re

def pytest_llmeval_redact(text):
    return re.sub(r"[\\w.]+@[\\w.]+", "<mail>", text)
"""
SUITE = """
from pytest_llmeval import assert_relevance, assert_score

async def graded(output, judge):
    grade = await judge.acall("Grade what ada@canary.org got: " + output)
    return float("<mail>" in grade.text and "canary" not in grade.text)

def test_mail(llm):
    answer = llm("Where do I, ada@canary.org, send it?", system="You serve eve@canary.org.", user="ada@canary.org")
    assert "canary" not in answer.text
    assert answer.request.question == "Where do I, <mail>, send it?"
    assert_relevance(answer, threshold=0.1)
    assert_score("graded", graded, output=answer)
    assert_score("length", len(answer.text) / 1000, threshold=None)

def test_two(llm):
    one, other = llm("I am ada@canary.org"), llm("I am bob@canary.org")
    assert one.request.repeat == 0 and other.request.repeat == 1
"""


def _project(project, server, hook=HOOK):
    project.write(
        "pytest.ini",
        f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n"
        f"llmeval_judge = openai/judge\nllmeval_judge_api_base = {server.url}\n",
    )
    project.write("conftest.py", hook)
    project.write("test_suite.py", SUITE)


def test_what_is_taken_out_is_sent_stored_and_shown_nowhere_and_replay_scores_alike(project, way):
    """Of the question, the system message, a setting, the answer, and what goes to and comes from the judge."""
    with Loopback(lambda body: Reply(f"Write to eve@canary.org about {body['messages'][-1]['content']}")) as server:
        _project(project, server)
        live = project.run(*way, "-vv")
        scores = project.scores()
        replayed = project.run(*way, "-vv", "--llmeval-cache=replay")
        n_asked = len(server.requests)
        sent = repr([received.body for received in server.requests])

    assert (0, 0) == (live.ret, replayed.ret)
    assert scores == project.scores()
    assert 1.0 in scores.values()
    assert 4 == n_asked
    assert "canary" not in sent
    stored = [path for path in project.path.rglob("*") if path.is_file() and path.name != "test_suite.py"]
    assert [] == [path.name for path in stored if b"canary" in path.read_bytes() and "__pycache__" not in path.parts]
    assert "canary" not in live.stdout.str() + replayed.stdout.str()


@pytest.mark.parametrize("body", ["raise ValueError(text)", "0"], ids=["raises", "returns-nothing"])
def test_a_hook_that_fails_sends_stores_and_shows_nothing(project, way, body):
    """Raised, or forgot to return: the test fails and names the hook, without the text."""
    with Loopback() as server:
        _project(project, server, f"def pytest_llmeval_redact(text):\n    {body}\n")
        result = project.run(*way)
        assert [] == server.requests

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*UsageError: a hook pytest_llmeval_redact failed, in '*conftest.py'*"])
    assert not (project.path / "recordings").exists()
    assert "canary" not in (project.path / ".llmeval" / "session.jsonl").read_text()


def test_every_hook_takes_part_the_innermost_first_and_only_for_its_own_folder(project):
    """What one leaves, the next one sees; a folder beside is not concerned."""
    with Loopback() as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        project.write("conftest.py", "def pytest_llmeval_redact(text):\n    return text.replace('b', 'c')\n")
        project.write("inner/conftest.py", "def pytest_llmeval_redact(text):\n    return text.replace('a', 'b')\n")
        project.write("inner/test_in.py", "def test_in(llm):\n    llm('a').text\n")
        project.write("outer/test_out.py", "def test_out(llm):\n    llm('ab').text\n")
        assert 0 == project.run().ret
        sent = sorted(received.body["messages"][-1]["content"] for received in server.requests)

    assert ["ac", "c"] == sent


def test_a_failing_answer_is_not_stored(project):
    """The request was harmless; the hook fails on the answer: nobody sees it, and the test says so."""
    hook = "def pytest_llmeval_redact(text):\n    assert 'canary' not in text\n    return text\n"
    with Loopback(lambda _: Reply("secret canary")) as server:
        _project(project, server, hook)
        project.write("test_suite.py", "def test_one(llm):\n    print(llm('hello').text)\n")
        result = project.run()

    result.assert_outcomes(failed=1)
    assert "it raised AssertionError; the text is not sent, not stored and not shown" in result.stdout.str()
    files = [path for path in (project.path / ".llmeval").rglob("*") if path.is_file()]
    assert [] == [path.name for path in files if b"canary" in path.read_bytes()]
    assert "canary" not in result.stdout.str().replace(hook, "")

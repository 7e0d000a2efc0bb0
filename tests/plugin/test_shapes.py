"""Every shape of call in a user's suite: scored, sent between processes, stored in the session, replayed."""

from __future__ import annotations

import pytest

from pytest_llmeval.loopback import Loopback, Reply

SUITE = """
from pydantic import BaseModel
from pytest_llmeval import assert_consistent, assert_relevance, assert_safe, assert_score

class Refund(BaseModel):
    days: int

def test_tools(llm):
    chat = llm.chat(tools=[{"type": "function", "function": {"name": "find_mail"}}])
    answer = chat("tool please")
    assert_relevance(answer)
    assert_score("right_tool", [call.name for call in answer.tool_calls] == ["find_mail"], output=answer, hard=True)
    for call in answer.tool_calls:
        assert call.arguments["of"].startswith("ada")
        chat.give(call, ["one pen"])
    assert_safe(chat())

def test_form(llm):
    answer = llm("form please", response_format=Refund)
    assert_score("days", answer.parsed.days == 14, output=answer)

def test_no_form(llm):
    assert_score("days", llm("no form please", response_format=Refund).parsed.days == 14)

def test_stream(llm):
    answer = llm("stream please", stream=True)
    assert "".join(answer.pieces) == answer.text
    assert_score("fast", answer.first_token_s < 60, output=answer)

def test_choices(llm):
    answer = llm("choices please", n=3, logprobs=True)
    assert_consistent(answer.choices)
    assert_score("sure", answer.logprobs[0].logprob > -1, output=answer)

def test_vectors(llm):
    one, other = llm.embed(["pens", "nest"]).vectors
    assert_score("near", sum(a * b for a, b in zip(one, other)) / 4)

def test_image(llm):
    assert_safe(llm("image please", images=["pen.png"]))
"""
REPLIES = {
    "tool please": Reply(None, tool_calls=[("find_mail", {"of": "ada@canary.org"})]),
    "form please": Reply('{"days": 14}'),
    "no form please": Reply("canary days"),
    "stream please": Reply("Three canary words.", latency_s=0.05),
    "choices please": Reply("a canary", others=["a canary", "some canary"]),
}


def answer(body):
    """What the model says to each of the suite's questions."""
    last = body["messages"][-1] if "messages" in body else {}
    return REPLIES.get(str(last.get("content")), Reply("Three canary words."))


@pytest.fixture
def suite(project):
    """A project with a picture, and its provider."""
    with Loopback(answer) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        project.write("test_suite.py", SUITE)
        (project.path / "pen.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20_000))
        project.server = server
        yield project


def calls(project, name):
    """The calls of one test, as the session file has them."""
    (result,) = [result for result in project.session.results if result.nodeid.endswith(f"::{name}")]
    return result.trials[0].calls


def test_every_shape_is_scored_stored_and_replayed(suite, way):
    """Through workers and the session file; from recordings alone, without a call; only what has no form fails."""
    live = suite.run(*way)
    live.assert_outcomes(passed=6, failed=1)
    live.stdout.fnmatch_lines(
        [
            "E*AnswerUnreadable: the answer is no Refund (model 'openai/m')",
            "E*Invalid JSON*in 'canary days'",
            "E*.text has it whole*",
        ]
    )
    scores, n_asked = suite.scores(), len(suite.server.requests)
    tool, said = calls(suite, "test_tools")
    assert [("find_mail", {"of": "ada@canary.org"})] == [(call.name, call.arguments) for call in tool.tool_calls]
    assert ["user", "assistant", "tool"] == [message["role"] for message in said.request.messages]
    assert 0.05 <= calls(suite, "test_stream")[0].first_token_s
    assert 3 == len(calls(suite, "test_choices")[0].choices)
    assert 2 == len(calls(suite, "test_choices")[0].logprobs)
    assert [8, 8] == list(map(len, calls(suite, "test_vectors")[0].vectors))
    (suite.path / ".llmeval" / "llmeval.db").unlink()

    replayed = suite.run(*way, "--llmeval-cache=replay")

    replayed.assert_outcomes(passed=6, failed=1)
    assert (scores, n_asked) == (suite.scores(), len(suite.server.requests))
    assert (suite.path / "recordings" / "test_suite.jsonl").stat().st_size < 20_000


def test_an_answer_that_calls_a_tool_is_unscored_by_what_judges_words_and_says_so(suite):
    """Neither empty, nor relevant or safe by accident; what the test itself scored stands, with the call beside it."""
    suite.run("-k", "test_tools")
    (result,) = suite.session.results
    relevance, right_tool, safety = result.trials[0].checks
    assert (None, "the answer calls a tool and says nothing: find_mail") == (relevance.value, relevance.score.reason)
    assert (1.0, 'find_mail({"of": "ada@canary.org"})') == (right_tool.value, right_tool.output)
    assert 1.0 == safety.value


HOOK = """
import re

def pytest_llmeval_redact(text):
    return re.sub("canary", "bird", text)
"""


def test_what_is_redacted_is_redacted_in_every_shape(suite):
    """Arguments of tools, further choices, parts of a stream, tokens: what spells the word goes."""
    suite.write("conftest.py", HOOK)
    suite.run().assert_outcomes(passed=5, failed=2)  # the tokens of test_choices are gone, since they spell it
    stored = [path for path in suite.path.rglob("*") if path.is_file() and ".py" not in path.suffix]
    assert [] == [path.name for path in stored if b"canary" in path.read_bytes()]
    assert ["a bird", "a bird", "some bird"] == [choice.text for choice in calls(suite, "test_choices")[0].choices]
    assert {"of": "ada@bird.org"} == calls(suite, "test_tools")[0].tool_calls[0].arguments


def test_where_no_text_is_stored_no_shape_stores_one(suite, monkeypatch):
    """Digests, names of tools, and the time to the first token."""
    monkeypatch.setenv("LLMEVAL_STORE_TEXTS", "false")
    suite.run().assert_outcomes(passed=6, failed=1)
    files = [path for path in (suite.path / ".llmeval").rglob("*") if path.is_file()]
    assert files
    assert [] == [path.name for path in files if b"canary" in path.read_bytes()]
    (call,) = calls(suite, "test_tools")[0].tool_calls
    assert ("find_mail", "sha256:") == (call.name, call.text[:7])
    assert 0.05 <= calls(suite, "test_stream")[0].first_token_s
    assert (None, None) == (calls(suite, "test_vectors")[0].more, calls(suite, "test_choices")[0].more)

"""An application's own calls that are more than text: tools, files; shared with ``llm`` where both ask the same."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.loopback import Reply

APP = """
import os
import httpx

def ask(**more):
    body = {"model": "m", "messages": [{"role": "user", "content": "q"}], **more}
    reply = httpx.post(os.environ["APP_URL"] + "/chat/completions", json=body)
    reply.raise_for_status()
    return reply.json()["choices"][0]

TOOLS = [{"type": "function", "function": {"name": "find"}}]
"""


@pytest.fixture
def app(project, loopback, monkeypatch):
    """A project with an application whose calls are intercepted; returns what writes its tests and runs them twice."""
    monkeypatch.setenv("APP_URL", loopback.url)
    project.write("app.py", APP)
    project.write("conftest.py", "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n")
    ini = f"llmeval_intercept = true\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}"
    project.write("pytest.ini", f"[pytest]\nllmeval_intercept_hosts = 127.0.0.1\n{ini}\n")

    def run(body):
        project.write("test_app.py", f"import app\n{body}")
        project.run_apart().assert_outcomes(passed=1)
        (project.path / ".llmeval" / "llmeval.db").unlink()
        project.run_apart("--llmeval-cache=replay").assert_outcomes(passed=1)
        return project

    return run


def test_the_tools_that_an_application_calls_are_in_the_session(app, loopback):
    """Its trajectory is data, live and replayed, without a change in it."""
    loopback.answer(Reply(None, tool_calls=[("find", {"q": "pens"})]))
    project = app(
        """
def test_tools(llmeval_intercept):
    assert "find" == app.ask(tools=app.TOOLS)["message"]["tool_calls"][0]["function"]["name"]
    (call,) = llmeval_intercept.calls[0].tool_calls
    assert ("find", {"q": "pens"}) == (call.name, call.arguments)
"""
    )
    assert 1 == len(loopback.requests)
    (call,) = project.session.results[0].trials[0].calls
    assert ["find"] == [one.name for one in call.tool_calls]


@pytest.mark.parametrize("first", ["llm", "app"])
def test_a_call_of_a_tool_is_shared_whoever_asks_first(app, loopback, first):
    """One draw, with the same id: a conversation may begin in one and go on in the other."""
    loopback.answer(Reply("Let me see.", tool_calls=[("find", {"q": "pens"})]))
    both = {"llm": "mine = llm('q', tools=app.TOOLS).message", "app": "theirs = app.ask(tools=app.TOOLS)"}
    second = both["app" if first == "llm" else "llm"]
    app(
        f"""
def test_shared(llm):
    {both[first]}
    {second}
    assert mine == theirs["message"]
    assert "tool_calls" == theirs["finish_reason"]
"""
    )
    assert 1 == len(loopback.requests)


def test_a_picture_that_an_application_sends_is_recorded_by_its_digest(app, loopback):
    """Megabytes are no part of a recording, whoever asks."""
    loopback.answer("A pen.")
    project = app(
        """
def test_picture():
    url = "data:image/png;base64," + "A" * 40_000
    app.ask(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])
"""
    )
    (line,) = (project.path / "recordings" / "test_app.jsonl").read_text().splitlines()
    assert len(line) < 5_000
    (message,) = json.loads(line)["request"]["messages"]
    assert message["content"][0]["image_url"]["url"].startswith("data:image/png;sha256,")
    assert 40_000 < len(loopback.requests[0].body["messages"][0]["content"][0]["image_url"]["url"])

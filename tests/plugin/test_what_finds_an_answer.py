"""What makes a request another question, seen from outside: recorded once, changed in one place, replayed.

An answer that is served to a changed question is a lie; a miss for nothing is money. Each row is about one of both.
"""

import json

import pytest

SUITE = """
import json
import os
import pytest
from pytest_llmeval import assert_score

TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
BASE = {
    "system": "Be kind.",
    "temperature": 0.7,
    "top_p": 0.9,
    "max_tokens": 60,
    "seed": 1,
    "stop": ["END"],
    "tools": [TOOL],
    "tool_choice": "auto",
    "response_format": {"type": "json_object"},
    "logit_bias": {"50256": -100},
    "extra_body": {"repeat_penalty": 1.1, "grammar": {"root": "a", "leaf": "b"}},
}

def test_question(llm, llmeval):
    changed = json.loads(os.environ.get("CHANGED", "{}"))
    prompt = changed.pop("prompt", "How do I get a refund?")
    gone = changed.pop("gone", None)
    asked = {**BASE, **changed}
    asked.pop(gone, None)
    assert_score("n", len(llm(prompt, **asked).text) > 0)
"""
OTHER_TOOL = {"type": "function", "function": {"name": "seek", "parameters": {"type": "object", "properties": {}}}}
SAME_TOOL_TURNED = {
    "function": {"parameters": {"properties": {}, "type": "object"}, "name": "find"},
    "type": "function",
}
BASE_BODY = {"repeat_penalty": 1.1, "grammar": {"root": "a", "leaf": "b"}}

# By a name: what is passed to llm, what is set in the environment, flags.
ANOTHER = {
    "prompt": ({"prompt": "How do I get a refund"}, {}, ()),
    "prompt as messages": ({"prompt": [{"role": "user", "content": "Why?"}]}, {}, ()),
    "system": ({"system": "Be kind!"}, {}, ()),
    "no system": ({"gone": "system"}, {}, ()),
    "model": ({}, {}, ("--llmeval-model=openai/other",)),
    "api_base": ({"api_base": "http://127.0.0.1:1/v1"}, {}, ()),
    "temperature": ({"temperature": 0.8}, {}, ()),
    "top_p": ({"top_p": 1.0}, {}, ()),
    "max_tokens": ({"max_tokens": 61}, {}, ()),
    "seed": ({"seed": 2}, {}, ()),
    "no seed": ({"gone": "seed"}, {}, ()),
    "stop": ({"stop": ["END", "STOP"]}, {}, ()),
    "tools": ({"tools": [OTHER_TOOL]}, {}, ()),
    "another tool": ({"tools": [SAME_TOOL_TURNED, OTHER_TOOL]}, {}, ()),
    "tool_choice": ({"tool_choice": "none"}, {}, ()),
    "response_format": ({"response_format": {"type": "text"}}, {}, ()),
    "logit_bias": ({"logit_bias": {"50256": -99}}, {}, ()),
    "extra body": ({"extra_body": {**BASE_BODY, "repeat_penalty": 1.2}}, {}, ()),
    "extra body, deep": ({"extra_body": {**BASE_BODY, "grammar": {"root": "a", "leaf": "c"}}}, {}, ()),
    "a setting more": ({"frequency_penalty": 0.1}, {}, ()),
    "int for float": ({"top_p": 1}, {}, ()),
    "namespace": ({}, {"LLMEVAL_NAMESPACE": "team-a"}, ()),
    "second trial": ({}, {}, ("--llmeval-trials=2",)),
}
THE_SAME = {
    "nothing": ({}, {}, ()),
    "timeout": ({}, {"LLMEVAL_TIMEOUT_S": "7"}, ()),
    "concurrency": ({}, {}, ("--llmeval-concurrency=3",)),
    "rate limits": ({}, {"LLMEVAL_RATE_LIMITS": "127.0.0.1: 5 requests"}, ()),
    "API key": ({}, {"OPENAI_API_KEY": "sk-another-0123456789"}, ()),
    "organisation": ({}, {"OPENAI_ORG_ID": "org-1"}, ()),
    "endpoint of the environment": ({}, {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, ()),
    "client": ({}, {}, ("--llmeval-model=litellm/openai/m",)),
    "order of keys": ({"tools": [SAME_TOOL_TURNED], "extra_body": dict(reversed(BASE_BODY.items()))}, {}, ()),
    "prompt as messages": ({"prompt": [{"role": "user", "content": "How do I get a refund?"}]}, {}, ()),
    "metric and threshold": ({}, {}, ("--llmeval-fail-under=n:0.1",)),
    "worker": ({}, {}, ("-n1",)),
    "eager": ({}, {"LLMEVAL_EAGER": "true"}, ()),
}


@pytest.fixture
def recorded(project, loopback):
    """A project with one recording, whose provider is gone."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", SUITE)
    assert 0 == project.run().ret
    assert 1 == len(loopback.requests)
    return project


def _replay(project, monkeypatch, changed, environment, flags):
    monkeypatch.setenv("CHANGED", json.dumps(changed))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return project.run("--llmeval-cache=replay", *flags)


@pytest.mark.parametrize("row", ANOTHER.values(), ids=ANOTHER.keys())
def test_what_can_change_the_answer_makes_another_question(recorded, monkeypatch, loopback, row):
    """A miss, which asks nobody; and the answer that is recorded for it does not stand for the first one."""
    missed = _replay(recorded, monkeypatch, *row)

    missed.assert_outcomes(failed=1)
    assert "CacheMiss" in missed.stdout.str()
    assert 1 == len(loopback.requests)


@pytest.mark.parametrize("row", THE_SAME.values(), ids=THE_SAME.keys())
def test_what_cannot_change_it_finds_the_recording(recorded, monkeypatch, loopback, row):
    """A hit."""
    _replay(recorded, monkeypatch, *row).assert_outcomes(passed=1)
    assert 1 == len(loopback.requests)


def test_a_slash_at_the_end_of_the_endpoint_finds_the_recording(recorded, loopback):
    """One endpoint."""
    recorded.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}/\n")
    recorded.run("--llmeval-cache=replay").assert_outcomes(passed=1)


def test_nothing_of_one_tenant_is_served_to_another(project, loopback, monkeypatch):
    """Each has its own answers, side by side in one cache and one file, and so has who is no tenant (FAULTS 30)."""
    answers = iter(["of a", "of b", "of nobody"])
    loopback.model = lambda asked: next(answers)
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", "def test_one(llm):\n    print('said', llm('Hi').text)\n")
    for _ in range(2):
        for tenant, answer in (("team-a", "of a"), ("team-b", "of b"), ("", "of nobody")):
            monkeypatch.setenv("LLMEVAL_NAMESPACE", tenant)
            project.run("-s").stdout.fnmatch_lines([f"*said {answer}*"])

    assert 3 == len(loopback.requests)


def test_nothing_an_application_asked_for_one_tenant_is_served_to_another(project, loopback, monkeypatch):
    """Calls of its own as well."""
    pytest.importorskip("httpx")
    project.write("pytest.ini", f"[pytest]\nllmeval_intercept = true\nllmeval_intercept_hosts = {loopback.url}\n")
    body = "{'model': 'm', 'messages': [{'role': 'user', 'content': 'Hi'}]}"
    ask = f"httpx.post('{loopback.url}/chat/completions', json={body})"
    project.write("test_app.py", f"import httpx\n\ndef test_app():\n    assert {ask}.status_code == 200\n")
    for tenant in ("team-a", "team-b", "team-a"):
        monkeypatch.setenv("LLMEVAL_NAMESPACE", tenant)
        project.run_apart("-p", "no:cacheprovider").assert_outcomes(passed=1)

    assert 2 == len(loopback.requests)


@pytest.mark.parametrize("name", ["../up", "a b", "-a", "a" * 101])
def test_a_tenant_is_a_name(project, monkeypatch, name):
    """It stands in keys, and perhaps in names of files one day."""
    project.write("test_suite.py", "def test_nothing():\n    pass\n")
    monkeypatch.setenv("LLMEVAL_NAMESPACE", name)
    assert 4 == project.run().ret

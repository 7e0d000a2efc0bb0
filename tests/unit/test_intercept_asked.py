"""A request as an application sends it becomes the Request that finds it again."""

import json

import pytest

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.intercept.asked import request_of
from pytest_llmeval.intercept.endpoints import Endpoint
from pytest_llmeval.records import Request

USER = {"role": "user", "content": "Hi"}


def asked(body, kind="", headers=None, provider="openai"):
    """Read one."""
    endpoint = Endpoint(kind, "/v1", provider)
    return request_of(endpoint, json.dumps(body).encode(), headers or {}, trial=0)


def test_a_chat_completion_has_the_key_that_llm_gives_it():
    """Model, messages and every setting are the same values in the same places."""
    mine = asked({"model": "m", "messages": [USER], "temperature": 0.5, "tools": [{"type": "function"}]})
    theirs = Request(
        model="openai/m", messages=(USER,), settings={"temperature": 0.5, "tools": [{"type": "function"}]}, trial=0
    )
    assert cache_key(theirs) == cache_key(mine)


BODY = {"model": "m", "messages": [USER], "temperature": 0.5}


@pytest.mark.parametrize(
    "other",
    [
        {**BODY, "model": "n"},
        {**BODY, "messages": [USER, USER]},
        {**BODY, "temperature": 0.6},
        {**BODY, "tools": [{"type": "function"}]},
        {**BODY, "response_format": {"type": "json_object"}},
        {**BODY, "seed": 1},
        {**BODY, "stream": True},
        {**BODY, "logprobs": True},
    ],
    ids=lambda other: "-".join(sorted(set(other) - set(BODY))) or "value",
)
def test_what_can_change_the_reply_is_in_the_key(other):
    """A streamed reply is another one on the wire."""
    assert cache_key(asked(BODY)) != cache_key(asked(other))


@pytest.mark.parametrize(
    ("other", "headers"),
    [
        ({**BODY, "user": "u-17", "metadata": {"run": 3}, "prompt_cache_key": "k"}, {}),
        (BODY, {"authorization": "Bearer sk-another-key", "x-stainless-retry-count": "1", "user-agent": "x"}),
        (dict(reversed(BODY.items())), {}),
        ({**BODY, "api_key": "sk-one"}, None),
    ],
    ids=["labels", "headers", "order", "key"],
)
def test_what_cannot_change_it_is_not(other, headers):
    """Neither who asks nor how; a key in the body counts as its name, whatever its value."""
    mine = {**BODY, "api_key": "sk-two"} if headers is None else BODY
    assert cache_key(asked(mine)) == cache_key(asked(other, headers=headers))


@pytest.mark.parametrize("header", ["anthropic-beta", "anthropic-version"])
def test_a_header_that_changes_the_interface_is_in_the_key(header):
    """Anthropic switches features on by header."""
    assert cache_key(asked(BODY)) != cache_key(asked(BODY, headers={header: "1"}))


def test_every_interface_has_keys_of_its_own():
    """The same words are another question there."""
    requests = [
        asked({"model": "m", "messages": [USER]}),
        asked({"model": "m", "messages": [USER]}, "messages"),
        asked({"model": "m", "input": "Hi"}, "responses"),
        asked({"model": "m", "input": "Hi"}, "embeddings"),
        asked({"model": "m", "prompt": "Hi"}, "completions"),
    ]
    assert 5 == len({cache_key(request) for request in requests})
    assert ["Hi"] * 5 == [request.question for request in requests]


@pytest.mark.parametrize(
    ("kind", "name", "given"), [("messages", "system", "messages"), ("responses", "instructions", "input")]
)
def test_instructions_are_the_system_message_unless_a_message_instructs_too(kind, name, given):
    """An error can say that the system message differs; two places that instruct do not look alike."""
    hoisted = asked({"model": "m", name: "Be brief.", given: [USER]}, kind)
    system = {"role": "system", "content": "Be brief."}
    both = asked({"model": "m", name: "Be brief.", given: [system, USER]}, kind)
    assert (system, USER) == hoisted.messages
    assert {name: "Be brief."} == both.settings
    assert cache_key(hoisted) != cache_key(both)


@pytest.mark.parametrize("body", [{"messages": [USER]}, [], "m", {"model": 3}])
def test_what_names_no_model_asks_none(body):
    """It goes where it went."""
    assert None is asked(body)


def test_what_is_no_json_asks_none():
    """A form, a file."""
    assert None is request_of(Endpoint("", "/v1", "openai"), b"\xff--boundary", {}, trial=0)


def test_no_key_is_in_a_request_wherever_it_stood(monkeypatch):
    """In a header and echoed in a message, in the body, in the environment."""
    monkeypatch.setenv("OTHER_API_KEY", "canary-4711-of-environment")
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "my key is canary-of-header, or canary-4711-of-environment"}],
        "api_key": "canary-of-body",
        "litellm_params": {"api_key": "canary-inside"},
    }
    for headers in ({"authorization": "Bearer canary-of-header"}, {"x-api-key": "canary-of-header"}):
        assert "canary" not in repr(asked(body, headers=headers))


def test_an_argument_of_a_tool_named_like_a_secret_is_part_of_the_question():
    """Two requests that differ only there are not given one answer."""

    def used(token):
        block = {"type": "tool_use", "id": "1", "name": "pay", "input": {"token": token}}
        return asked({"model": "m", "messages": [{"role": "assistant", "content": [block]}]}, "messages")

    assert cache_key(used("A")) != cache_key(used("B"))

"""The cache key, the origin of a draw, and the words for a difference."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pytest_llmeval.calls.key import cache_key, difference, nearest, origin
from pytest_llmeval.calls.providers import resolved
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Request, digest

SYSTEM = {"role": "system", "content": "Be kind."}
QUESTION = {"role": "user", "content": "How do I get a refund?"}
REQUEST = Request(model="openai/smollm2", messages=(SYSTEM, QUESTION), settings={"temperature": 0.7}, trial=2)


def test_the_key_is_the_digest_of_what_is_written_in_the_decision():
    """Version 1 is fixed for ever: recordings in users' git hang on it."""
    expected = digest(
        {
            "v": 1,
            "model": "openai/smollm2",
            "messages": [SYSTEM, QUESTION],
            "settings": {"temperature": 0.7},
            "trial": 2,
        }
    )
    assert cache_key(REQUEST) == expected


@pytest.mark.parametrize(
    "same",
    [
        replace(REQUEST, model="litellm/openai/smollm2"),
        replace(REQUEST, api_base=""),
        replace(REQUEST, namespace="", repeat=0),
    ],
    ids=["client", "api_base", "empty"],
)
def test_what_cannot_change_the_answer_is_not_in_the_key(same):
    """Which client speaks, and fields that are empty, do not count."""
    assert cache_key(same) == cache_key(REQUEST)


def test_a_slash_at_the_end_of_the_endpoint_is_not_in_the_key():
    """``…/v1`` and ``…/v1/`` are one endpoint."""
    with_slash, without = replace(REQUEST, api_base="http://x/v1/"), replace(REQUEST, api_base="http://x/v1")
    assert cache_key(with_slash) == cache_key(without)


@pytest.mark.parametrize(
    ("other", "names"),
    [
        (replace(REQUEST, model="openai/gpt-4o-mini"), ["model"]),
        (replace(REQUEST, api_base="http://127.0.0.1:8000/v1"), ["api_base"]),
        (replace(REQUEST, namespace="team-b"), ["namespace"]),
        (replace(REQUEST, messages=({**SYSTEM, "content": "Be rude."}, QUESTION)), ["system message"]),
        (replace(REQUEST, messages=(QUESTION,)), ["system message"]),
        (replace(REQUEST, messages=(QUESTION, SYSTEM)), ["order of messages"]),
        (replace(REQUEST, messages=(SYSTEM, {**QUESTION, "content": "Why?"})), ["messages"]),
        (replace(REQUEST, settings={"temperature": 0.8}), ["settings.temperature"]),
        (replace(REQUEST, settings={"seed": 1}), ["settings.seed", "settings.temperature"]),
        (replace(REQUEST, settings={"temperature": 0.7, "stop": None}), ["settings.stop"]),
        (replace(REQUEST, trial=0), ["trial"]),
        (replace(REQUEST, trial=None), ["trial"]),
        (replace(REQUEST, repeat=1), ["repeat"]),
        (REQUEST, []),
    ],
)
def test_a_difference_is_named_exactly_where_the_keys_differ(other, names):
    """One name for each part, and no name if and only if the key is the same."""
    assert difference(REQUEST, other) == names
    assert (cache_key(REQUEST) == cache_key(other)) is (names == [])


def test_numbers_count_as_they_are_written():
    """1, 1.0 and true are equal in Python and three things on the wire."""
    requests = [replace(REQUEST, settings={"top_k": value}) for value in (1, 1.0, True)]
    assert len({cache_key(request) for request in requests}) == 3
    assert difference(requests[0], requests[1]) == ["settings.top_k"]


def test_trial_0_is_not_no_trial():
    """The first of five draws is not the one answer that judge calls share."""
    assert cache_key(replace(REQUEST, trial=0)) != cache_key(replace(REQUEST, trial=None))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", object()])
def test_what_json_cannot_hold_is_refused_by_name(value):
    """Three lines in place of a TypeError out of json."""
    with pytest.raises(UsageError, match="the request to model 'openai/smollm2' cannot be written as JSON"):
        cache_key(replace(REQUEST, settings={"x": value}))


def test_two_draws_of_one_text_have_two_origins():
    """The time is in it; so are key and text."""
    one = origin("key", "text", "2026-01-01T00:00:00Z")
    others = {
        origin("key", "text", "2026-01-01T00:00:01Z"),
        origin("other", "text", "2026-01-01T00:00:00Z"),
        origin("key", "texts", "2026-01-01T00:00:00Z"),
    }
    assert len(others - {one}) == 3
    assert len(one) == 16


def test_the_nearest_request_asks_the_same_question():
    """A changed system prompt and two settings are nearer than another question."""
    other_question = replace(REQUEST, messages=(SYSTEM, {**QUESTION, "content": "Why?"}))
    same_question = replace(REQUEST, messages=(QUESTION,), settings={"seed": 1})
    assert nearest(REQUEST, [other_question, same_question]) == same_question


def test_nothing_is_nearest_where_nothing_is_stored():
    """An empty cache has no neighbour."""
    assert nearest(REQUEST, []) is None


TOOL = {"type": "function", "function": {"name": "find_order", "parameters": {"type": "object"}}}
FULL = replace(
    REQUEST,
    api_base="http://127.0.0.1:8000/v1",
    namespace="team-a",
    settings={
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 60,
        "seed": 1,
        "stop": ["END"],
        "tools": [TOOL],
        "tool_choice": "auto",
        "response_format": {"type": "json_object"},
        "extra_body": {"repeat_penalty": 1.1},
        "logprobs": True,
    },
)
CHANGED_SETTINGS = {
    "temperature": 0.8,
    "top_p": 1.0,
    "max_tokens": 61,
    "seed": 2,
    "stop": ["END", "STOP"],
    "tools": [{**TOOL, "function": {**TOOL["function"], "name": "find_orders"}}],
    "tool_choice": "none",
    "response_format": {"type": "text"},
    "extra_body": {"repeat_penalty": 1.2},
    "logprobs": False,
}


@pytest.mark.parametrize("name", FULL.settings)
@pytest.mark.parametrize("is_gone", [False, True], ids=["changed", "gone"])
def test_every_setting_is_in_the_key(name, is_gone):
    """Sampling, limits, seed, tools, form of the answer, and whatever stands in the extra body."""
    settings = {**FULL.settings, name: CHANGED_SETTINGS[name]}
    if is_gone:
        del settings[name]
    other = replace(FULL, settings=settings)

    assert cache_key(FULL) != cache_key(other)
    assert [f"settings.{name}"] == difference(FULL, other)


@pytest.mark.parametrize(
    "field",
    [
        {"model": "openai/smollm3"},
        {"messages": (SYSTEM,)},
        {"messages": (SYSTEM, {**QUESTION, "name": "ada"})},
        {"messages": (SYSTEM, QUESTION, {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]})},
        {"api_base": "http://127.0.0.1:8001/v1"},
        {"api_base": ""},
        {"namespace": "team-b"},
        {"namespace": ""},
        {"trial": 3},
        {"repeat": 1},
    ],
)
def test_every_other_field_is_in_the_key(field):
    """Who is asked, what, where, for whom, and for the how many-th time."""
    assert cache_key(FULL) != cache_key(replace(FULL, **field))


def _reversed(value):
    """The same JSON with every object's keys in the other order."""
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(part) for part in value] if isinstance(value, list) else value


def test_the_order_of_keys_is_not_in_the_key():
    """In settings and messages, however deep: a dict that was built another way is the same request."""
    messages = tuple(_reversed(dict(message)) for message in FULL.messages)
    other = replace(FULL, settings=_reversed(FULL.settings), messages=messages)
    assert list(FULL.settings) != list(other.settings)
    assert (cache_key(FULL), []) == (cache_key(other), difference(FULL, other))


def test_a_key_has_no_room_for_timeouts_or_api_keys(monkeypatch):
    """The request has fields for what can change the answer, and no others; no variable but the endpoint's counts."""
    assert {"model", "messages", "settings", "api_base", "namespace", "trial", "repeat", "kind"} == {
        field.name for field in fields(Request)
    }
    before = cache_key(resolved(replace(FULL)))
    for name in ("OPENAI_API_KEY", "LLMEVAL_TIMEOUT_S", "LLMEVAL_CONCURRENCY", "OPENAI_ORG_ID", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/v1")
    assert before == cache_key(resolved(replace(FULL)))
    without = replace(FULL, api_base="")
    assert cache_key(resolved(without)) == cache_key(replace(FULL, api_base="http://127.0.0.1:9/v1"))

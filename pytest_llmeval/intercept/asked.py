"""What an application asks over HTTP → the Request that finds it again.

A chat completion becomes the Request that ``llm`` would make of it, with the same key: model, messages, and every
other field as a setting. The other interfaces have a kind, and so keys of their own; their messages are put where
``llm`` has them, so that an error can name what differs.

Source:
    OpenAI API reference: "Create chat completion", "Create a model response", "Create completion", "Create
    embeddings"; Anthropic API reference: "Create a Message".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.calls.guard import MASK, is_secret_name
from pytest_llmeval.calls.leaks import blanked, key_values
from pytest_llmeval.records import Json, Request

if TYPE_CHECKING:
    from pytest_llmeval.intercept.endpoints import Endpoint

_MIN_SECRET_LENGTH = 8
_KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
# Headers that change what an interface does; they count under their names, which no field of a body has.
_COUNTED_HEADERS = ("anthropic-beta", "anthropic-version", "openai-beta")
# Who asks, and under which label: it cannot change the answer, and often differs in each run.
_LABELS = frozenset({"metadata", "user", "safety_identifier", "prompt_cache_key"})
_INSTRUCTIONS = {"messages": "system", "responses": "instructions"}
_INPUTS = {"": "messages", "messages": "messages", "responses": "input", "completions": "prompt", "embeddings": "input"}
# What a field is named there is the application's own affair, and its value part of the question.
_CONTENT = frozenset({*_INPUTS.values(), *_INSTRUCTIONS.values(), "tools", "functions", "response_format"})
_INSTRUCTING = frozenset({"system", "developer"})


def secrets_in(headers: Mapping[str, str]) -> list[str]:
    """Return the keys that a request carries in its headers; their values are stored nowhere."""
    words = (headers.get(name, "").rpartition(" ")[2] for name in _KEY_HEADERS)
    return [word for word in words if len(word) >= _MIN_SECRET_LENGTH]


def without(secrets: Iterable[str], text: str) -> str:
    """Replace keys, those given and those of the environment, by ``***``."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return blanked(text, key_values())


def request_of(endpoint: Endpoint, content: bytes, headers: Mapping[str, str], *, trial: int | None) -> Request | None:
    """Read a request.

    Args:
        endpoint: whom it asks; of a kind that is recorded.
        content: its body.
        headers: found by names in lower case.
        trial: index of the trial; None outside one.

    Returns:
        the request, without a key in it; None where the body names no model, so that it asks none.
    """
    try:
        body = json.loads(without(secrets_in(headers), content.decode("utf-8")))
    except (ValueError, RecursionError):
        return None
    model = body.pop("model", None) or endpoint.deployment if isinstance(body, dict) else None
    if not isinstance(model, str) or not model:
        return None
    body = {
        name: value if name in _CONTENT else _shown(name, value) for name, value in body.items() if name not in _LABELS
    }
    messages = _messages(endpoint.kind or "", body)
    if any(not isinstance(message.get("content"), str) for message in messages):
        from pytest_llmeval.calls.files import by_reference

        messages, _ = by_reference(messages, None, has_paths=False)
    counted = {name: headers[name] for name in _COUNTED_HEADERS if name in headers}
    return Request(
        model=f"{endpoint.provider}/{model}",
        messages=messages,
        settings={**body, **counted, **endpoint.query},
        api_base=endpoint.api_base,
        trial=trial,
        kind=endpoint.kind or "",
    )


def _messages(kind: str, body: dict[str, Json]) -> tuple[Mapping[str, Json], ...]:
    """Take the messages out of a body; what is no message stays there, as a setting."""
    name = _INPUTS[kind]
    messages = _as_messages(kind, body.get(name))
    if messages is None:
        return ()
    del body[name]
    system = body.get(_INSTRUCTIONS.get(kind, ""))
    # Where a message instructs as well, the two places must not look alike.
    if system and not any(message.get("role") in _INSTRUCTING for message in messages):
        del body[_INSTRUCTIONS[kind]]
        messages = ({"role": "system", "content": system}, *messages)
    return messages


def _as_messages(kind: str, given: Json) -> tuple[Mapping[str, Json], ...] | None:
    if kind in ("responses", "completions", "embeddings") and isinstance(given, str):
        return ({"role": "user", "content": given},)
    if not isinstance(given, list):
        return None
    if kind == "embeddings" and all(isinstance(text, str) for text in given):
        return tuple({"role": "user", "content": text} for text in given)
    return tuple(given) if all(isinstance(message, dict) for message in given) else None


def _shown(name: str, value: Json) -> Json:
    """Return a setting without what is named like a secret."""
    if isinstance(value, str):
        return MASK if is_secret_name(name) else value
    if isinstance(value, dict):
        return {inner: _shown(inner, one) for inner, one in value.items()}
    return [_shown("", one) for one in value] if isinstance(value, list) else value

"""Calls of tools and logprobs, in whichever shape they come → the one in which they are kept (``records.more``).

What has none of the shapes is left out: the reply is an answer all the same.

Source:
    OpenAI API reference: ``tool_calls``, ``function_call`` (deprecated) and ``logprobs`` of "The chat completion
    object"; ``logprobs`` of "The completion object" (legacy), which some servers send in chat completions too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import zip_longest
from math import isfinite

from pytest_llmeval.records import Json


def tool_calls(message: Mapping[str, Json]) -> list[Json]:
    """Return the calls of tools in a message.

    Args:
        message: with ``tool_calls``, or with the one ``function_call`` of old; or with neither.
    """
    calls = message.get("tool_calls")
    found = [_tool_call(call) for call in calls] if isinstance(calls, list) else []
    if not found:
        found = [_tool_call({"function": message.get("function_call")})]
    return [call for call in found if call is not None]


def _tool_call(call: Json) -> Json:
    if not isinstance(call, Mapping):
        return None
    said = call.get("function") or call.get("custom")
    if not isinstance(said, Mapping) or not isinstance(said.get("name"), str):
        return None
    arguments = said.get("arguments", said.get("input"))  # a custom tool has an input, any text
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments)  # some servers send an object
    return {"id": str(call.get("id") or ""), "name": said["name"], "arguments": arguments}


def tokens(said: Json) -> list[Json]:
    """Return an answer's tokens with their logprobs, from either shape.

    Args:
        said: ``logprobs`` of a choice: ``{"content": [{"token", "logprob", "top_logprobs"}]}``, or of old
            ``{"tokens": [], "token_logprobs": [], "top_logprobs": []}``; or anything else.
    """
    if not isinstance(said, Mapping):
        return []
    content = said.get("content")
    if isinstance(content, list):
        return [
            [one["token"], _number(one.get("logprob")), _listed(one.get("top_logprobs"))]
            for one in content
            if isinstance(one, Mapping) and isinstance(one.get("token"), str)
        ]
    columns = [said.get(name) for name in ("tokens", "token_logprobs", "top_logprobs")]
    texts, numbers, tops = (column if isinstance(column, list) else [] for column in columns)
    return [
        [text, _number(number), _listed(top)]
        for text, number, top in zip_longest(texts, numbers[: len(texts)], tops[: len(texts)])
        if isinstance(text, str)
    ]


def _listed(top: Json) -> list[Json]:
    """Return the likeliest tokens of one place as pairs, from a list of objects or an object of numbers."""
    if isinstance(top, Mapping):
        return [[token, _number(number)] for token, number in top.items() if isinstance(token, str)]
    return [
        [one["token"], _number(one.get("logprob"))]
        for one in (top if isinstance(top, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("token"), str)
    ]


def _number(value: Json) -> float | None:
    """Return a number that JSON can hold; minus infinity, which some servers send, is none."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    return float(value) if is_number else None

"""Chat completions and completions, whole and streamed: several choices, calls of tools, logprobs.

Source:
    OpenAI API reference: "The chat completion object", "The chat completion chunk object", "The completion object".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.loopback.said import Said, halves, words

if TYPE_CHECKING:
    from pytest_llmeval.records import Json

_LOGPROB = -0.5  # of every word that is said; the others that are named are less likely by 1 each


def chat(said: Said) -> Json:
    """A whole chat completion."""
    choices = [
        {"index": index, "message": _message(said, index, text), "finish_reason": _reason(said, index)}
        | ({"logprobs": _logprobs(said, words(text))} if said.asked.get("logprobs") else {})
        for index, text in enumerate(said.choices)
    ]
    return _envelope(said, "chat.completion") | {"choices": choices, "usage": _usage(said)}


def completion(said: Said) -> Json:
    """A whole completion of the older interface."""
    choices = [
        {"index": index, "text": text, "finish_reason": _reason(said, index)}
        | ({"logprobs": _legacy_logprobs(said, words(text))} if said.asked.get("logprobs") else {})
        for index, text in enumerate(said.choices)
    ]
    return _envelope(said, "text_completion") | {"choices": choices, "usage": _usage(said)}


def chat_events(said: Said) -> Iterable[str]:
    """A chat completion as a stream: the choices one after another, the first with its calls of tools."""

    def parts(index: int, text: str) -> Iterable[Json]:
        for word in words(text):
            logprobs = {"logprobs": _logprobs(said, [word])} if said.asked.get("logprobs") else {}
            yield {"delta": {"content": word}, **logprobs}
        for place, call in enumerate(said.calls if index == 0 else ()):
            yield from ({"delta": {"tool_calls": [part]}} for part in _in_parts(place, call))
        yield {"delta": {}, "finish_reason": _reason(said, index)}

    return _deltas(said, "chat.completion.chunk", parts)


def completion_events(said: Said) -> Iterable[str]:
    """A completion of the older interface as a stream."""

    def parts(index: int, text: str) -> Iterable[Json]:
        yield from ({"text": word} for word in words(text))
        yield {"text": "", "finish_reason": _reason(said, index)}

    return _deltas(said, "text_completion", parts)


def _deltas(said: Said, kind: str, parts: Callable[[int, str], Iterable[Json]]) -> Iterable[str]:
    envelope = _envelope(said, kind)
    for index, text in enumerate(said.choices):
        for part in parts(index, text):
            yield _event({**envelope, "choices": [{"index": index, "finish_reason": None, **part}]})
    if (said.asked.get("stream_options") or {}).get("include_usage"):
        yield _event({**envelope, "choices": [], "usage": _usage(said)})
    yield "data: [DONE]\n\n"


def _message(said: Said, index: int, text: str) -> Json:
    message = {"role": "assistant", "content": said.text if index == 0 else text}
    calls = said.calls if index == 0 else []
    return {**message, "tool_calls": calls} if calls else message


def _in_parts(index: int, call: Mapping[str, Json]) -> Iterable[Json]:
    """A call as a stream brings it: who is called, then the arguments in two parts."""
    function = call["function"]
    yield {**call, "index": index, "function": {"name": function["name"], "arguments": ""}}
    for part in halves(function["arguments"]):
        yield {"index": index, "function": {"arguments": part}}


def _reason(said: Said, index: int) -> str:
    return said.reason if index == 0 else said.finish_reason


def _logprobs(said: Said, tokens: list[str]) -> Json:
    n_top = said.asked.get("top_logprobs") or 0
    return {
        "content": [
            {
                "token": token,
                "logprob": _LOGPROB,
                "bytes": list(token.encode("utf-8", "replace")),
                "top_logprobs": [
                    {"token": name, "logprob": number, "bytes": None} for name, number in _top(token, n_top)
                ],
            }
            for token in tokens
        ],
        "refusal": None,
    }


def _legacy_logprobs(said: Said, tokens: list[str]) -> Json:
    n_top = int(said.asked["logprobs"])
    return {
        "tokens": tokens,
        "token_logprobs": [_LOGPROB] * len(tokens),
        "top_logprobs": [dict(_top(token, n_top)) for token in tokens],
        "text_offset": [0] * len(tokens),
    }


def _top(token: str, n: int) -> list[tuple[str, float]]:
    return [(token if place == 0 else f"{token}{place}", _LOGPROB - place) for place in range(n)]


def _envelope(said: Said, kind: str) -> dict[str, Json]:
    return {
        "id": "chatcmpl-loopback",
        "object": kind,
        "created": 0,
        "model": said.asked["model"],
        "system_fingerprint": "loopback",
    }


def _usage(said: Said) -> Json:
    n_input, n_output = said.n_input, said.n_output
    return {"prompt_tokens": n_input, "completion_tokens": n_output, "total_tokens": n_input + n_output}


def _event(data: Json) -> str:
    return f"data: {json.dumps(data)}\n\n"

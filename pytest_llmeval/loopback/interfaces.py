"""The bodies that the loopback provider sends: one shape for each interface, whole or as server-sent events.

Source:
    OpenAI API reference: chat completions, completions, responses, embeddings; Anthropic API reference: "Create a
    Message" and "Streaming Messages".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_llmeval.records import Json

_N_DIMENSIONS = 8
_INPUTS = ("messages", "input", "prompt")


class Said(NamedTuple):
    """What is to be said, whatever the interface.

    Args:
        text: the answer; None: a message without content.
        finish_reason: in the words of chat completions.
        asked: the body of the request.
    """

    text: str | None
    finish_reason: str
    asked: Mapping[str, Json]

    @property
    def n_input(self) -> int:
        """Words of the question: the count of its tokens here."""
        return sum(len(text.split()) for text in texts(self.asked))

    @property
    def n_output(self) -> int:
        """Words of the answer."""
        return len((self.text or "").split())

    @property
    def words(self) -> list[str]:
        """The answer in the parts in which it is streamed."""
        return re.findall(r"\s*\S+\s*$|\s*\S+", self.text or "")


def texts(asked: Mapping[str, Json]) -> list[str]:
    """Return the texts that a request asks about, in order."""
    given: Json = next((asked[name] for name in _INPUTS if name in asked), [])
    parts = given if isinstance(given, list) else [given]
    return [str(part.get("content")) if isinstance(part, Mapping) else str(part) for part in parts]


def whole(path: str, said: Said) -> bytes:
    """Return the one body of an interface that is not streamed."""
    return json.dumps(_WHOLE[path](said)).encode("ascii")


def events(path: str, said: Said) -> list[bytes]:
    """Return a streamed body, event by event."""
    return [event.encode("ascii") for event in _STREAMED[path](said)]


def _chat(said: Said) -> Json:
    message = {"role": "assistant", "content": said.text}
    return _chat_envelope(said, "chat.completion") | {
        "choices": [{"index": 0, "message": message, "finish_reason": said.finish_reason}],
        "usage": _usage(said),
    }


def _completion(said: Said) -> Json:
    return _chat_envelope(said, "text_completion") | {
        "choices": [{"index": 0, "text": said.text, "finish_reason": said.finish_reason}],
        "usage": _usage(said),
    }


def _chat_envelope(said: Said, kind: str) -> dict[str, Json]:
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


def _chat_events(said: Said) -> Iterable[str]:
    return _deltas(said, "chat.completion.chunk", lambda word: {"delta": {"content": word}}, {"delta": {}})


def _completion_events(said: Said) -> Iterable[str]:
    return _deltas(said, "text_completion", lambda word: {"text": word}, {"text": ""})


def _deltas(said: Said, kind: str, part: Callable[[str], Json], last: Json) -> Iterable[str]:
    envelope = _chat_envelope(said, kind)
    for word in said.words:
        yield _event({**envelope, "choices": [{"index": 0, "finish_reason": None, **part(word)}]})
    yield _event({**envelope, "choices": [{"index": 0, "finish_reason": said.finish_reason, **last}]})
    if (said.asked.get("stream_options") or {}).get("include_usage"):
        yield _event({**envelope, "choices": [], "usage": _usage(said)})
    yield "data: [DONE]\n\n"


def _message(said: Said) -> Json:
    reasons = {"length": "max_tokens", "content_filter": "refusal"}
    return {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": said.asked["model"],
        "content": [] if said.text is None else [{"type": "text", "text": said.text}],
        "stop_reason": reasons.get(said.finish_reason, "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": said.n_input, "output_tokens": said.n_output},
    }


def _message_events(said: Said) -> Iterable[str]:
    message = _message(said)
    begun = message | {"content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 0}}
    yield _named_event({"type": "message_start", "message": begun})
    yield _named_event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for word in said.words:
        delta = {"type": "text_delta", "text": word}
        yield _named_event({"type": "content_block_delta", "index": 0, "delta": delta})
    yield _named_event({"type": "content_block_stop", "index": 0})
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _named_event({"type": "message_delta", "delta": ended, "usage": {"output_tokens": said.n_output}})
    yield _named_event({"type": "message_stop"})


def _response(said: Said) -> Json:
    is_cut = said.finish_reason == "length"
    content = [{"type": "output_text", "text": said.text or "", "annotations": []}]
    return {
        "id": "resp_loopback",
        "object": "response",
        "created_at": 0,
        "status": "incomplete" if is_cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "error": None,
        "model": said.asked["model"],
        "output": [
            {"id": "msg_loopback", "type": "message", "role": "assistant", "status": "completed", "content": content}
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": said.n_input,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": said.n_output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.n_input + said.n_output,
        },
    }


def _response_events(said: Said) -> Iterable[str]:
    response = _response(said)
    begun = response | {"status": "in_progress", "output": [], "usage": None}
    place = {"item_id": "msg_loopback", "output_index": 0, "content_index": 0}
    item = {**response["output"][0], "status": "in_progress", "content": []}
    steps = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {
            "type": "response.content_part.added",
            **place,
            "part": {"type": "output_text", "text": "", "annotations": []},
        },
        *({"type": "response.output_text.delta", **place, "delta": word, "logprobs": []} for word in said.words),
        {"type": f"response.{response['status']}", "response": response},
    ]
    for number, step in enumerate(steps):
        yield _named_event({**step, "sequence_number": number})


def _embeddings(said: Said) -> Json:
    """Return vectors of how often the letters stand in each text: equal texts, equal vectors."""
    vectors = [
        [float(sum(ord(letter) % _N_DIMENSIONS == place for letter in text)) for place in range(_N_DIMENSIONS)]
        for text in texts(said.asked)
    ]
    return {
        "object": "list",
        "model": said.asked["model"],
        "data": [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)],
        "usage": {"prompt_tokens": said.n_input, "total_tokens": said.n_input},
    }


def _event(data: Json) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _named_event(data: Json) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"


_WHOLE: Mapping[str, Callable[[Said], Json]] = {
    "/chat/completions": _chat,
    "/completions": _completion,
    "/messages": _message,
    "/responses": _response,
    "/embeddings": _embeddings,
}
_STREAMED: Mapping[str, Callable[[Said], Iterable[str]]] = {
    "/chat/completions": _chat_events,
    "/completions": _completion_events,
    "/messages": _message_events,
    "/responses": _response_events,
}
PATHS = frozenset(_WHOLE)

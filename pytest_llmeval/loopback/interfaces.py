"""The bodies that the loopback provider sends: one shape for each interface, whole or as server-sent events.

Source:
    OpenAI API reference: chat completions, completions, responses, embeddings; Anthropic API reference: "Create a
    Message" and "Streaming Messages".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.loopback import chat
from pytest_llmeval.loopback.said import Said, texts

if TYPE_CHECKING:
    from pytest_llmeval.records import Json

_N_DIMENSIONS = 8


def whole(path: str, said: Said) -> bytes:
    """Return the one body of an interface that is not streamed."""
    return json.dumps(_WHOLE[path](said)).encode("ascii")


def events(path: str, said: Said) -> list[bytes]:
    """Return a streamed body, event by event."""
    return [event.encode("ascii") for event in _STREAMED[path](said)]


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


def _named_event(data: Json) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"


_WHOLE: Mapping[str, Callable[[Said], Json]] = {
    "/chat/completions": chat.chat,
    "/completions": chat.completion,
    "/messages": _message,
    "/responses": _response,
    "/embeddings": _embeddings,
}
_STREAMED: Mapping[str, Callable[[Said], Iterable[str]]] = {
    "/chat/completions": chat.chat_events,
    "/completions": chat.completion_events,
    "/messages": _message_events,
    "/responses": _response_events,
}
PATHS = frozenset(_WHOLE)

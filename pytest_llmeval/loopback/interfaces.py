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
from pytest_llmeval.loopback.said import Said, halves, texts

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
    reasons = {"length": "max_tokens", "content_filter": "refusal", "tool_calls": "tool_use"}
    text = [] if said.text is None else [{"type": "text", "text": said.text}]
    calls = [
        {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": _arguments(call)}
        for call in said.calls
    ]
    return {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": said.asked["model"],
        "content": [*text, *calls],
        "stop_reason": reasons.get(said.reason, "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": said.n_input, "output_tokens": said.n_output},
    }


def _message_events(said: Said) -> Iterable[str]:
    message = _message(said)
    begun = message | {"content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 0}}
    yield _named_event({"type": "message_start", "message": begun})
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, deltas = block | {"text": ""}, [{"type": "text_delta", "text": word} for word in said.words]
        else:
            parts = halves(json.dumps(block["input"]))
            empty, deltas = (
                block | {"input": {}},
                [{"type": "input_json_delta", "partial_json": part} for part in parts],
            )
        yield _named_event({"type": "content_block_start", "index": index, "content_block": empty})
        for delta in deltas:
            yield _named_event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _named_event({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _named_event({"type": "message_delta", "delta": ended, "usage": {"output_tokens": said.n_output}})
    yield _named_event({"type": "message_stop"})


def _response(said: Said) -> Json:
    is_cut = said.finish_reason == "length"
    content = [{"type": "output_text", "text": said.text or "", "annotations": []}]
    message = {"id": "msg_loopback", "type": "message", "role": "assistant", "status": "completed", "content": content}
    return {
        "id": "resp_loopback",
        "object": "response",
        "created_at": 0,
        "status": "incomplete" if is_cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "error": None,
        "model": said.asked["model"],
        "output": [
            *([] if said.text is None and said.tool_calls else [message]),
            *(
                {"id": f"fc_{call['id']}", "type": "function_call", "status": "completed", "call_id": call["id"]}
                | call["function"]
                for call in said.calls
            ),
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
    steps: list[dict[str, Json]] = [
        {"type": "response.created", "response": response | {"status": "in_progress", "output": [], "usage": None}}
    ]
    for index, item in enumerate(response["output"]):
        place = {"item_id": item["id"], "output_index": index}
        empty: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
        begun = {**item, **empty, "status": "in_progress"}
        steps.append({"type": "response.output_item.added", "output_index": index, "item": begun})
        steps += _text_steps(said, place) if item["type"] == "message" else _call_steps(item, place)
        steps.append({"type": "response.output_item.done", "output_index": index, "item": item})
    steps.append({"type": f"response.{response['status']}", "response": response})
    for number, step in enumerate(steps):
        yield _named_event({**step, "sequence_number": number})


def _text_steps(said: Said, place: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    part = {"type": "output_text", "text": "", "annotations": []}
    yield {"type": "response.content_part.added", **place, "content_index": 0, "part": part}
    for word in said.words:
        yield {"type": "response.output_text.delta", **place, "content_index": 0, "delta": word, "logprobs": []}


def _call_steps(item: Mapping[str, Json], place: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    for part in halves(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **place, "delta": part}
    yield {"type": "response.function_call_arguments.done", **place, "arguments": item["arguments"]}


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


def _arguments(call: Mapping[str, Json]) -> Json:
    """What a call is given, as an object; what is none cannot be said in this interface."""
    return json.loads(call["function"]["arguments"])


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

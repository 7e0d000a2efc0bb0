"""A reply that came as server-sent events → the reply that would have come without streaming; and its events, apart.

Source:
    WHATWG HTML, "Server-sent events", section 9.2.6; the events of OpenAI's and Anthropic's API references.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_llmeval.calls.providers.chunks import Chunks
from pytest_llmeval.records import Json

_END_OF_EVENT = re.compile(r"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)")
_LINE = re.compile(r"\r\n|\r|\n")
_OVER = "[DONE]"


def events(body: str) -> list[str]:
    """Cut a body into its events, whose texts joined are the body again."""
    return [event for event in _END_OF_EVENT.split(body) if event]


def joined(kind: str, body: str, *, is_ended: bool) -> Json:
    """Return the one reply that the events make up, None where it is not whole.

    Args:
        kind: as of ``Request.kind``.
        body: as it came.
        is_ended: whether it was read to its end: not every gateway says that a stream is over.
    """
    return _JOINERS[kind](list(_data(body)), is_ended)


def _data(body: str) -> Iterator[Json]:
    """Yield what the events say: JSON values, and ``[DONE]`` as text."""
    for event in events(body):
        lines = [line[5:].removeprefix(" ") for line in _LINE.split(event) if line.startswith("data:")]
        text = "\n".join(lines)
        if text:
            yield text if text == _OVER else json.loads(text)


def _chat(said: list[Json], is_ended: bool) -> Json:  # noqa: FBT001 - one of a table of equals
    chunks, is_over = Chunks(), False
    for chunk in said:
        if chunk == _OVER:
            is_over = True
            chunks.end()
        else:
            chunks.take(chunk)
    return chunks.reply if is_over or is_ended else None


def _message(said: list[Json], is_ended: bool) -> Json:  # noqa: ARG001, FBT001 - it always says that it is over
    reply: dict[str, Any] = {}
    is_over = False
    for event in said:
        match event:
            case {"type": "message_start", "message": Mapping() as message}:
                reply = {**message, "content": [], "usage": dict(message.get("usage") or {})}
            case {"type": "content_block_start", "content_block": Mapping() as block}:
                reply["content"].append(dict(block))
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(text)}}:
                reply["content"][-1]["text"] += text
            case {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": str(text)}}:
                reply["content"][-1].setdefault("partial", []).append(text)
            case {"type": "message_delta", "delta": Mapping() as delta}:
                reply |= delta
                usage = event.get("usage") or {}
                reply["usage"] |= {name: value for name, value in usage.items() if value is not None}
            case {"type": "message_stop"}:
                is_over = True
            case {"type": "error"}:
                return None
    return _with_inputs(reply) if is_over else None


def _with_inputs(reply: dict[str, Any]) -> Json:
    """Read the arguments of tools, which have come in parts."""
    for block in reply["content"]:
        if "partial" in block:
            block["input"] = json.loads("".join(block.pop("partial")) or "{}")
    return reply


def _model_response(said: list[Json], is_ended: bool) -> Json:  # noqa: ARG001, FBT001 - as above
    for event in said:
        if isinstance(event, Mapping) and event.get("type") in ("response.completed", "response.incomplete"):
            return event.get("response")
    return None


_JOINERS: Mapping[str, Callable[[list[Json], bool], Json]] = {
    "": _chat,
    "completions": _chat,
    "messages": _message,
    "responses": _model_response,
    "embeddings": lambda said, is_ended: None,  # noqa: ARG005 - it does not stream
}

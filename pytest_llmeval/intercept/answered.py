"""A reply of each interface → what of it is text, outcome and tokens.

Source:
    OpenAI API reference: "The chat completion object", "The response object", "The completion object", "The embedding
    object"; Anthropic API reference: "Create a Message", with its streaming events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.calls.providers.completion import read_completion
from pytest_llmeval.intercept import streamed
from pytest_llmeval.records import Json, Outcome, Request, Response

STREAM_TYPE = "text/event-stream"


class _Read(NamedTuple):
    """What a reply says, before it is a Response."""

    parts: Sequence[str]
    outcome: Outcome
    # Tool calls, audio: an answer although it has no text.
    has_more: bool = False
    tool_calls: Sequence[Json] = ()
    n_input: Json = None
    n_output: Json = None
    n_cached: Json = None
    n_cache_write: Json = None


def read(request: Request, content_type: str, body: str, *, is_ended: bool) -> Response | None:
    """Read a whole reply.

    Args:
        request: what was asked.
        content_type: of the reply.
        body: decompressed.
        is_ended: whether the body was read to its end; if not, only a stream that says that it is over is whole.

    Returns:
        text, outcome, model, fingerprint and tokens; None for what is not to be kept: an error in a reply of status
        200, what is malformed, and what was cut off.
    """
    try:
        if content_type.startswith(STREAM_TYPE):
            reply = streamed.joined(request.kind, body, is_ended=is_ended)
        else:
            reply = json.loads(body) if is_ended else None
        return _READERS[request.kind](reply, request) if isinstance(reply, Mapping) else None
    except (Fault, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # of whatever form it is, the application has it and may know what to do


def _chat(reply: Json, request: Request) -> Response:
    response = read_completion(reply, request, 0.0)
    message = reply["choices"][0]["message"]
    has_more = bool(message.get("audio"))
    return replace(response, outcome=Outcome.OK) if has_more and response.outcome is Outcome.EMPTY else response


def _completion(reply: Json, request: Request) -> Response:
    choices = [{**choice, "message": {"content": choice["text"]}} for choice in reply["choices"]]
    return read_completion({**reply, "choices": choices}, request, 0.0)


def _message(reply: Json, request: Request) -> Response | None:
    if reply["type"] != "message":
        return None
    blocks, usage = reply["content"], reply["usage"]
    outcomes = {"max_tokens": Outcome.TRUNCATED, "refusal": Outcome.FILTERED}
    n_input = sum(
        usage.get(name) or 0 for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    )
    return _response(
        reply,
        request,
        _Read(
            parts=[block["text"] for block in blocks if block["type"] == "text"],
            outcome=outcomes.get(reply.get("stop_reason"), Outcome.OK),
            has_more=any(block["type"] != "text" for block in blocks),
            tool_calls=[
                {"id": str(block.get("id", "")), "name": block["name"], "arguments": json.dumps(block.get("input", {}))}
                for block in blocks
                if block["type"] == "tool_use" and "name" in block
            ],
            n_input=n_input,
            n_output=usage.get("output_tokens"),
            n_cached=usage.get("cache_read_input_tokens"),
            n_cache_write=usage.get("cache_creation_input_tokens"),
        ),
    )


def _model_response(reply: Json, request: Request) -> Response | None:
    if reply["status"] not in ("completed", "incomplete"):
        return None  # failed, or still at work in the background
    contents = [part for item in reply["output"] if item["type"] == "message" for part in item["content"]]
    why = (reply.get("incomplete_details") or {}).get("reason")
    is_refused = why == "content_filter" or any(part["type"] == "refusal" for part in contents)
    outcome = Outcome.FILTERED if is_refused else Outcome.TRUNCATED if why else Outcome.OK
    usage = reply.get("usage") or {}
    return _response(
        reply,
        request,
        _Read(
            parts=[part.get("text") or part.get("refusal", "") for part in contents],
            outcome=outcome,
            has_more=any(item["type"] not in ("message", "reasoning") for item in reply["output"]),
            tool_calls=[
                {"id": str(item.get("call_id", "")), "name": item["name"], "arguments": item.get("arguments", "")}
                for item in reply["output"]
                if item["type"] == "function_call" and "name" in item
            ],
            n_input=usage.get("input_tokens"),
            n_output=usage.get("output_tokens"),
            n_cached=(usage.get("input_tokens_details") or {}).get("cached_tokens"),
        ),
    )


def _embeddings(reply: Json, request: Request) -> Response | None:
    if not reply["data"]:
        return None
    n_input = (reply.get("usage") or {}).get("prompt_tokens")
    return _response(reply, request, _Read(parts=(), outcome=Outcome.OK, has_more=True, n_input=n_input, n_output=0))


def _response(reply: Json, request: Request, read: _Read) -> Response:
    text = "".join(read.parts)
    is_empty = read.outcome is Outcome.OK and not text.strip() and not read.has_more
    return Response(
        text=text,
        request=request,
        outcome=Outcome.EMPTY if is_empty else read.outcome,
        model=str(reply.get("model") or ""),
        more={"tool_calls": read.tool_calls} if read.tool_calls else None,
        n_input_tokens=read.n_input if isinstance(read.n_input, int) else None,
        n_output_tokens=read.n_output if isinstance(read.n_output, int) else None,
        n_cached_tokens=read.n_cached if isinstance(read.n_cached, int) else 0,
        n_cache_write_tokens=read.n_cache_write if isinstance(read.n_cache_write, int) else 0,
    )


_READERS: Mapping[str, Callable[[Json, Request], Response | None]] = {
    "": _chat,
    "completions": _completion,
    "messages": _message,
    "responses": _model_response,
    "embeddings": _embeddings,
}

"""A streamed chat completion: server-sent events as bytes, and their chunks joined into one reply.

Source:
    WHATWG HTML, "Server-sent events", section 9.2.6; OpenAI API reference, "The chat completion chunk object".
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.calls.providers.completion import read_completion
from pytest_llmeval.records import Json

if TYPE_CHECKING:
    from pytest_llmeval.records import Request, Response

EVENTS = "text/event-stream"
_OVER = b"[DONE]"
_ERRORS = range(400, 600)


class Events:
    """Cuts bytes, as they come, into what each event says."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, content: bytes) -> Iterator[bytes]:
        """Take what came, and yield the data of each event that is over now."""
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            yield from self._line(line.removesuffix(b"\r"))

    def end(self) -> Iterator[bytes]:
        """Yield the last event, where the stream ended without an empty line."""
        yield from self.feed(b"\n\n")

    def _line(self, line: bytes) -> Iterator[bytes]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            yield data


class Chunks:
    """The chunks of one streamed completion, joined.

    Attributes:
        pieces: lengths of the parts of the first choice's text, in characters.
    """

    def __init__(self) -> None:
        self.pieces: list[int] = []
        self._reply: dict[str, Json] = {}
        self._choices: dict[int, dict[str, Json]] = {}

    def take(self, chunk: Mapping[str, Json]) -> bool:
        """Join one chunk; return whether it brought a part of an answer, and not only role, reason or counts."""
        self._reply |= {name: value for name, value in chunk.items() if value is not None and name != "choices"}
        brought = [self._join(choice) for choice in chunk.get("choices") or ()]
        return any(brought)

    @property
    def reply(self) -> Json:
        """The completion that would have come without streaming; None where a choice has not ended."""
        choices = [self._choices[index] for index in sorted(self._choices)]
        if not choices or any(choice["finish_reason"] is None for choice in choices):
            return None
        return {**self._reply, "choices": choices}

    def end(self) -> None:
        """Take what has come for whole: the stream said that it is over, whatever it gave as a reason."""
        for choice in self._choices.values():
            choice["finish_reason"] = choice["finish_reason"] or "stop"

    def _join(self, part: Mapping[str, Json]) -> bool:
        index = part.get("index") or 0
        choice = self._choices.setdefault(index, {"message": {"content": None}, "text": "", "finish_reason": None})
        choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
        message, delta = choice["message"], part.get("delta") or {}
        text = delta.get("content") or part.get("text") or ""
        if text:
            message["content"] = choice["text"] = choice["text"] + text
            if index == 0:
                self.pieces.append(len(text))
        if delta.get("refusal"):
            message["refusal"] = message.get("refusal", "") + delta["refusal"]
        calls = delta.get("tool_calls") or ()
        for call in calls:
            _join_call(message.setdefault("tool_calls", []), call)
        if delta.get("function_call"):
            _join_function(message.setdefault("function_call", {}), delta["function_call"])
        _join_logprobs(choice, part.get("logprobs"))
        known = {"content", "tool_calls", "function_call", "refusal"}
        message |= {name: value for name, value in delta.items() if value and name not in known}
        return bool(text or calls or delta.get("function_call") or delta.get("refusal"))


def _join_call(calls: list[Json], part: Mapping[str, Json]) -> None:
    """Join a part of a call of a tool: its arguments come in pieces, and its place says whose they are."""
    index = part.get("index")
    place = index if isinstance(index, int) and index >= 0 else len(calls)
    call = next((one for one in calls if one["index"] == place), None)
    if call is None:
        call = {"index": place, "id": "", "function": {}}
        calls.append(call)
    call["id"] = call["id"] or part.get("id") or ""
    _join_function(call["function"], part.get("function") or part.get("custom") or {})


def _join_function(function: dict[str, Json], part: Mapping[str, Json]) -> None:
    if part.get("name"):
        function["name"] = function.get("name") or part["name"]
    arguments = part.get("arguments", part.get("input"))
    if arguments is not None:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        function["arguments"] = function.get("arguments", "") + text


def _join_logprobs(choice: dict[str, Json], part: Json) -> None:
    """Join the tokens of a part; both shapes are lists of lists by name."""
    for name, values in part.items() if isinstance(part, Mapping) else ():
        if isinstance(values, list):
            choice.setdefault("logprobs", {}).setdefault(name, []).extend(values)


class Streamed:
    """One streamed reply, as it comes; either provider's.

    Args:
        started_s: when the request was sent, on ``time.monotonic``.
    """

    def __init__(self, started_s: float) -> None:
        self._started_s = started_s
        self._first_s: float | None = None
        self._chunks = Chunks()

    def read(self, data: bytes) -> None:
        """Take what one event says.

        Raises:
            Fault: it is no JSON, or an error.
        """
        if data == _OVER:
            self._chunks.end()
            return
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            raise _malformed(data.decode("utf-8", errors="replace")) from None
        self.take(chunk)

    def take(self, chunk: Json) -> None:
        """Take one chunk; errors as of ``read``."""
        if not isinstance(chunk, Mapping):
            raise _malformed(str(chunk))
        if chunk.get("error"):
            raise _broken_off(chunk["error"])
        try:
            has_part = self._chunks.take(chunk)
        except (TypeError, AttributeError, LookupError):
            raise _malformed(str(chunk)) from None
        if has_part and self._first_s is None:
            self._first_s = round(time.monotonic() - self._started_s, 3)

    def response(self, request: Request) -> Response:
        """Return the response that it makes.

        Raises:
            Fault: it ended before its answer did, or is no answer.
        """
        reply = self._chunks.reply
        if reply is None:
            raise Fault("a stream that was cut off before its end")
        response = read_completion(reply, request, time.monotonic() - self._started_s)
        more = dict(response.more or {})
        if self._first_s is not None:
            more["first_token_s"] = self._first_s
        if len(self._chunks.pieces) > 1:
            more["pieces"] = self._chunks.pieces
        return replace(response, more=more or None)


def _broken_off(error: Json) -> Fault:
    """An error after the status was sent; what code it has stands for the status."""
    code = error.get("code") if isinstance(error, Mapping) else None
    return Fault(
        "an error within a stream",
        found=f"it said: {excerpt(str(error))}",
        status=code if isinstance(code, int) and code in _ERRORS else None,
    )


def _malformed(said: str) -> Fault:
    return Fault("a malformed stream: an event is no chunk", found=f"it said: {excerpt(said)}", is_final=True)

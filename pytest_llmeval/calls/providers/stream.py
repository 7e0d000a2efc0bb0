"""A streamed chat completion, as it comes: server-sent events as bytes, the time to the first token, faults.

Source:
    WHATWG HTML, "Server-sent events", section 9.2.6.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.calls.providers.chunks import Chunks
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
            raise cut_off()
        response = read_completion(reply, request, time.monotonic() - self._started_s)
        more = dict(response.more or {})
        if self._first_s is not None:
            more["first_token_s"] = self._first_s
        if len(self._chunks.pieces) > 1:
            more["pieces"] = self._chunks.pieces
        return replace(response, more=more or None)


def cut_off() -> Fault:
    """A stream whose answer did not end: nobody has seen it, so it may be asked for again."""
    return Fault("a stream that was cut off before its end")


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

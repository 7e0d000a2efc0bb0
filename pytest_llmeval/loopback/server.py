"""The loopback provider's server: a thread for each connection, scripted from the test's own thread."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NoReturn, Self

from pytest_llmeval.loopback.interfaces import PATHS
from pytest_llmeval.loopback.reply import Reply, echo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from pytest_llmeval.records import Json

_ROOT = "/v1"
_KEYS = ("Authorization", "x-api-key")
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close() sends a reset


@dataclass(frozen=True)
class Received:
    """One request as it arrived.

    Args:
        body: the JSON that was sent.
        has_key: whether a key came with it; the key itself is not kept.
        path: of the interface, such as ``/chat/completions``.
    """

    body: Mapping[str, Json]
    has_key: bool
    path: str = "/chat/completions"


class Loopback:
    """A provider with OpenAI's interfaces and Anthropic's messages on 127.0.0.1, up while its ``with`` block runs.

    Args:
        model: answers a request by its body, with a text or a ``Reply``; called from several threads.

    Attributes:
        model: may be replaced at any time, which is how a test gives one to the fixture.
        requests: what arrived so far, in the order of arrival.
    """

    def __init__(self, model: Callable[[Mapping[str, Json]], Reply | str] = echo) -> None:
        self.requests: list[Received] = []
        self.model = model
        self._scripted: deque[Reply | str] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """What to give as ``api_base``; ends with ``/v1``."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def answer(self, *replies: Reply | str) -> None:
        """Answer the next requests with these, one each; later ones are the model's again."""
        with self._lock:
            self._scripted.extend(replies)

    def wait(self, seconds: float) -> None:
        """Sleep, or until the server closes: a hanging reply must not hold up the end of a test."""
        self._closing.wait(seconds)

    def reply_to(self, received: Received) -> Reply:
        """Note a request and return what it gets."""
        with self._lock:
            self.requests.append(received)
            scripted = self._scripted.popleft() if self._scripted else None
        reply = self.model(received.body) if scripted is None else scripted
        return Reply(reply) if isinstance(reply, str) else reply

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="llmeval-loopback", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, loopback: Loopback) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.loopback = loopback

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  (the base class's types)
        """Keep quiet about a client that gave up; show what the test's own model raised."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"  # connections are kept, as at a real provider
    disable_nagle_algorithm = True  # head and body are two writes; together with delayed ACK they cost 40 ms

    def do_POST(self) -> None:
        """Answer a call of one of the interfaces."""
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address, _, _ = self.path.partition("?")
        path = address.removeprefix(_ROOT)
        if address == path or path not in PATHS:
            self._send(Reply(f"no {self.path} here", status=404), path, {})
            return
        has_key = any(name in self.headers for name in _KEYS)
        received = Received(body=json.loads(sent), has_key=has_key, path=path)
        reply = self.server.loopback.reply_to(received)
        self.server.loopback.wait(reply.latency_s)
        if reply.is_reset:
            self._reset()
        else:
            self._send(reply, path, received.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """Leave the test's output alone."""

    def _send(self, reply: Reply, path: str, asked: Mapping[str, Json]) -> None:
        parts = reply.parts(path, asked)
        is_streamed = reply.is_streamed(asked)
        length = {"Transfer-Encoding": "chunked"} if is_streamed else {"Content-Length": str(len(parts[0]))}
        kind = "text/event-stream" if is_streamed else "application/json"
        self.send_response(reply.status)
        headers = {"Content-Type": kind, **length, **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        # A promise of more than comes is only broken by hanging up.
        self.close_connection = reply.is_cut or headers.get("Content-Length") != length.get("Content-Length")
        if is_streamed:
            parts = [b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b"")]
        elif reply.drip_s or reply.is_cut:
            parts = [bytes([byte]) for byte in parts[0]]
        self._write(parts[: len(parts) // 2] if reply.is_cut else parts, reply.drip_s)

    def _write(self, parts: list[bytes], pause_s: float) -> None:
        for part in parts:
            self.wfile.write(part)
            if pause_s:
                self.server.loopback.wait(pause_s)

    def _reset(self) -> NoReturn:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        # The socket closes when the last of its files does.
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        raise ConnectionResetError  # ends the thread of this connection, in silence

"""An OpenAI-compatible provider that answers after a set time, in a process of its own.

    python benchmarks/speed/endpoint.py [--latency S] [--port N]

It prints its port. Each answer holds a digest of its request, so no two questions have the same answer, and a judge
that reads the answer asks something new. ``GET /stats`` tells what it has seen since ``POST /reset``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import urllib.request
import zlib
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
# A judge's answer must also do for those peers that read a grade out of it as JSON.
GRADE = '{"pass": true, "score": 1.0, "reason": "%08x"}'
ANSWER = "You get a refund within 30 days; order %08x stays in your account until the money has reached you."
REPLY = (
    '{"id": "chatcmpl-%08x", "object": "chat.completion", "created": 1700000000, "model": "bench", "choices": '
    '[{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": %s}}], '
    '"usage": {"prompt_tokens": 20, "completion_tokens": 30, "total_tokens": 50}}'
)


class Endpoint:
    """A running provider, as the harness sees it.

    Args:
        latency_s: time until it answers.
    """

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), "--latency", str(self._latency_s)], stdout=subprocess.PIPE, text=True
        )
        self.root = f"http://{HOST}:{int(self._process.stdout.readline())}"
        self.url = self.root + "/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def reset(self) -> None:
        """Forget what was counted."""
        self._ask("/reset", b"")

    def stats(self) -> dict[str, int]:
        """Return ``n_requests`` and ``peak``, the most requests that were open at one time."""
        return self._ask("/stats")

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, int]:
        with urllib.request.urlopen(self.root + path, body, timeout=10) as reply:  # noqa: S310 - our own loopback
            return json.load(reply)


class _Provider:
    """The server: no routing, no access log, replies by the % operator."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._n_requests = self._n_open = self._peak = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        from aiohttp import web

        body = await request.read()
        if request.path in ("/stats", "/reset"):
            stats = {"n_requests": self._n_requests, "peak": self._peak}
            if request.path == "/reset":
                self._n_requests = self._peak = 0
            return web.json_response(stats)
        self._n_requests += 1
        self._n_open += 1
        self._peak = max(self._peak, self._n_open)
        try:
            await self._wait()
        finally:
            self._n_open -= 1
        return web.Response(body=_reply(body), content_type="application/json")

    async def _wait(self) -> None:
        import asyncio

        if self._latency_s:
            await asyncio.sleep(self._latency_s)

    async def serve(self, port: int) -> None:
        """Serve until the process is ended."""
        import asyncio

        from aiohttp import web

        runner = web.ServerRunner(web.Server(self.answer, keepalive_timeout=600), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, HOST, port, backlog=4096)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


def _reply(body: bytes) -> bytes:
    digest = zlib.crc32(body)
    text = (GRADE if b"judge" in body else ANSWER) % digest
    return (REPLY % (digest, json.dumps(text))).encode()


def main() -> None:
    """Serve until ended."""
    import asyncio

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(_Provider(options.latency).serve(options.port))


if __name__ == "__main__":
    main()

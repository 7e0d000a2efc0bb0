"""The direct provider: OpenAI-compatible chat completions and embeddings over aiohttp (DESIGN decision 4).

Sole door to aiohttp.

Imported at the first live call, so aiohttp may stand at the top.
"""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.providers import Completion, Fault, bare_name
from pytest_llmeval.calls.providers.authorization import OPENAI_API_BASE
from pytest_llmeval.calls.providers.completion import read_completion, read_embeddings
from pytest_llmeval.calls.providers.sent import COUNTED, EMBEDDINGS, asked
from pytest_llmeval.calls.providers.stream import EVENTS, Events, Streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from pytest_llmeval.records import Json, Request, Response

MAX_REPLY_BYTES = 16 * 2**20  # some hundred times the longest answer of today's models
_OK = 200
_DNS_S = 300  # a run asks one host, thousands of times


class Direct:
    """Chat completions and embeddings over one pool of connections, opened at the first request.

    Args:
        concurrency: most connections at a time.
    """

    def __init__(self, *, concurrency: int) -> None:
        self._concurrency = concurrency
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, request: Request, *, authorization: str, timeout_s: float) -> Completion:
        """Ask once; see ``Provider.complete``."""
        started = time.monotonic()
        try:
            async with self._opened().post(
                _url(request.api_base, request.kind),
                data=_body(request),
                headers=_headers(authorization),
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                # A redirect would take prompt and key to a host that the user did not name.
                allow_redirects=False,
            ) as reply:
                if reply.status == _OK and reply.content_type == EVENTS:
                    return Completion(await _read_stream(reply, request, started), reply.headers)
                content = await _read(reply)
        except TimeoutError:
            raise Fault(f"no whole reply within {timeout_s:.0f} s", is_final=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Fault(
                f"no reply ({type(error).__name__})", found=f"the connection said: {excerpt(str(error))}"
            ) from None
        latency_s = time.monotonic() - started
        if reply.status != _OK:
            raise _fault(reply, content)
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise _unreadable(content) from None
        read = read_embeddings if request.kind == EMBEDDINGS else read_completion
        return Completion(read(body, request, latency_s), reply.headers)

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        """The pool; made here because aiohttp binds it to the running loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._concurrency, ttl_dns_cache=_DNS_S)
            # DummyCookieJar: a gateway's cookie must not tie one case to another.
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


@lru_cache(maxsize=16)
def _url(api_base: str, kind: str) -> URL:
    return URL(
        (api_base or OPENAI_API_BASE).rstrip("/") + ("/embeddings" if kind == EMBEDDINGS else "/chat/completions")
    )


@lru_cache(maxsize=1)
def _headers(authorization: str) -> Mapping[str, str]:
    headers = {"Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    return headers


def _body(request: Request) -> bytes:
    """The request as it goes over the wire; ``extra_body`` is merged in, as OpenAI's own client does."""
    settings = dict(request.settings)
    extra = settings.pop("extra_body", None) or {}
    body = {**COUNTED, **settings} if settings.get("stream") else settings
    body = {**body, **extra, "model": bare_name(request.model), **asked(request)}
    return json.dumps(body).encode("ascii")


async def _read(reply: aiohttp.ClientResponse) -> bytes:
    """Read the reply to its end, bounded in memory."""
    content = bytearray()
    async for chunk in _bounded(reply):
        content += chunk
    return bytes(content)


async def _read_stream(reply: aiohttp.ClientResponse, request: Request, started_s: float) -> Response:
    """Read a stream to its end, event by event."""
    events, streamed = Events(), Streamed(started_s)
    async for chunk in _bounded(reply):
        for data in events.feed(chunk):
            streamed.read(data)
    for data in events.end():
        streamed.read(data)
    return streamed.response(request)


async def _bounded(reply: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    n_bytes = 0
    while chunk := await reply.content.readany():
        n_bytes += len(chunk)
        if n_bytes > MAX_REPLY_BYTES:
            raise Fault(f"a reply of more than {MAX_REPLY_BYTES} bytes", status=reply.status, is_final=True)
        yield chunk


def _fault(reply: aiohttp.ClientResponse, content: bytes) -> Fault:
    said, code = _error_text(content)
    is_quota = code == "insufficient_quota"  # OpenAI sends it as a 429, and no waiting helps
    return Fault(
        f"HTTP {reply.status}" + (" (quota used up)" if is_quota else ""),
        found=f"it said: {excerpt(said)}",
        status=reply.status,
        headers=reply.headers,
        is_final=is_quota,
    )


def _error_text(content: bytes) -> tuple[str, Json]:
    """Return what an error body says and its code; the body itself where it is not OpenAI's form."""
    text = content.decode("utf-8", errors="replace")
    try:
        error = json.loads(text)["error"]
        return str(error["message"]), error.get("code")
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return text, None


def _unreadable(content: bytes) -> Fault:
    head = excerpt(content.decode("utf-8", errors="replace"))
    return Fault("a malformed reply: it is no JSON", found=f"it said: {head}", status=_OK, is_final=True)

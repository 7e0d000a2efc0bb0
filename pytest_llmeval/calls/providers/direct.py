"""The direct provider: OpenAI-compatible chat completions over aiohttp (DESIGN decision 4). Sole door to aiohttp.

Imported at the first live call, so aiohttp may stand at the top.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import aiohttp

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.providers import Fault, bare_name
from pytest_llmeval.calls.providers.completion import read_completion
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Json, Request, Response

OPENAI_API_BASE = "https://api.openai.com/v1"
MAX_REPLY_BYTES = 16 * 2**20  # some hundred times the longest answer of today's models
_OK = 200
_CHUNK_BYTES = 2**16


class Direct:
    """Chat completions over one pool of connections, opened at the first request.

    Args:
        concurrency: most connections at a time.
    """

    def __init__(self, *, concurrency: int) -> None:
        self._concurrency = concurrency
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, request: Request, *, timeout_s: float) -> Response:
        """Ask once; see ``Provider.complete``."""
        started = time.monotonic()
        try:
            async with self._opened().post(
                (request.api_base or OPENAI_API_BASE).rstrip("/") + "/chat/completions",
                data=_body(request),
                headers=_headers(request),
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                # A redirect would take prompt and key to a host that the user did not name.
                allow_redirects=False,
            ) as reply:
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
        return read_completion(body, request, latency_s)

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        """The pool; made here because aiohttp binds it to the running loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._concurrency)
            # DummyCookieJar: a gateway's cookie must not tie one case to another.
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def _body(request: Request) -> bytes:
    """The request as it goes over the wire; ``extra_body`` is merged in, as OpenAI's own client does."""
    settings = dict(request.settings)
    extra = settings.pop("extra_body", None) or {}
    body = {**settings, **extra, "model": bare_name(request.model), "messages": [dict(m) for m in request.messages]}
    return json.dumps(body).encode("ascii")


def _headers(request: Request) -> Mapping[str, str]:
    headers = {"Content-Type": "application/json"}
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key and not request.api_base:
        raise UsageError(
            f"no key for model {request.model!r}",
            found=f"OPENAI_API_KEY is not set, and {OPENAI_API_BASE} wants one",
            hint="set OPENAI_API_KEY, or llmeval_api_base to an endpoint that wants none",
        )
    if not (key.isascii() and (key.isprintable() or not key)):
        raise UsageError(
            "OPENAI_API_KEY cannot be sent",
            found="it holds a line break or a character outside ASCII",
            hint="set it anew; it is one word",
        )
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers


async def _read(reply: aiohttp.ClientResponse) -> bytes:
    """Read the reply to its end, bounded in memory."""
    content = bytearray()
    async for chunk in reply.content.iter_chunked(_CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_REPLY_BYTES:
            raise Fault(f"a reply of more than {MAX_REPLY_BYTES} bytes", status=reply.status, is_final=True)
    return bytes(content)


def _fault(reply: aiohttp.ClientResponse, content: bytes) -> Fault:
    said, code = _error_text(content)
    is_quota = code == "insufficient_quota"  # OpenAI sends it as a 429, and no waiting helps
    return Fault(
        f"HTTP {reply.status}" + (" (quota used up)" if is_quota else ""),
        found=f"it said: {excerpt(said)}",
        status=reply.status,
        retry_after=reply.headers.get("Retry-After", ""),
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

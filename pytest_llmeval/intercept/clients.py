"""Where calls are seen: httpx and httpx2, at the point where a client picks the transport that sends a request.

Everything of the client itself (authorisation, redirects, event hooks, cookies, logging) runs as ever; every transport
is covered, litellm's over aiohttp too; and a client is seen whenever it was made. ADR 17 has what else was tried.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from pytest_llmeval.calls.providers import IS_OURS
from pytest_llmeval.errors import UsageError
from pytest_llmeval.intercept import current
from pytest_llmeval.intercept.interception import OK, Exchange, chunks

if TYPE_CHECKING:
    from types import ModuleType

    from pytest_llmeval.intercept.endpoints import Endpoint
    from pytest_llmeval.records import Wire

NAMES = ("httpx", "httpx2")
_PICKS = "_transport_for_url"
_IS_PATCHED = "_is_llmeval_s"
# They reach no network: who uses one stands in for the provider already.
_STAND_INS = ("MockTransport", "WSGITransport", "ASGITransport")
# Of the body as it was sent; what is handed on is decompressed.
_OF_ENCODING = ("content-encoding", "content-length", "transfer-encoding")


def patch(module: ModuleType) -> Callable[[], None]:
    """Let every client of a module go through us; returns what undoes it.

    Args:
        module: ``httpx``, or one with its interface.

    Raises:
        UsageError: a version of it that works otherwise.
    """
    undo = [
        _patch(client, transport, module)
        for client, transport in (
            (module.Client, _transport(module)),
            (module.AsyncClient, _async_transport(module)),
        )
    ]
    return lambda: [one() for one in undo] and None


def _patch(client: Any, transport: Any, module: ModuleType) -> Callable[[], None]:  # noqa: ANN401 - not ours to import
    original = getattr(client, _PICKS, None)
    if original is None:
        version = getattr(module, "__version__", "?")
        raise UsageError(
            f"{module.__name__} {version} is not known: its calls cannot be intercepted",
            hint="use an earlier version of it, or take llmeval_intercept and intercept= away",
        )
    if getattr(original, _IS_PATCHED, False):  # one module under two names
        return lambda: None
    stand_ins = tuple(getattr(module, name) for name in _STAND_INS if hasattr(module, name))

    def pick(self: Any, url: Any) -> Any:  # noqa: ANN401 - as above
        picked, scope = original(self, url), current.scope()
        if scope is None or IS_OURS.get() or isinstance(picked, stand_ins):
            return picked
        return transport(picked, scope)

    setattr(pick, _IS_PATCHED, True)
    setattr(client, _PICKS, pick)
    return lambda: setattr(client, _PICKS, original)


def _endpoint(scope: current.Scope, request: Any) -> Endpoint | None:  # noqa: ANN401 - as above
    return scope.endpoints.find(request.method, str(request.url), os.environ)


def _transport(module: Any) -> Any:  # noqa: ANN401 - as above
    class Stream(module.SyncByteStream):  # type: ignore[misc]
        """Hands a body on, and tells of it."""

        def __init__(self, parts: Iterator[bytes], close: Callable[[], None], exchange: Exchange) -> None:
            self._parts, self._close, self._exchange = parts, close, exchange

        def __iter__(self) -> Iterator[bytes]:
            for part in self._parts:
                self._exchange.took(part)
                yield part
            self._exchange.ended()

        def close(self) -> None:
            self._close()
            self._exchange.ended(is_ended=False)

    class Stored(module.SyncByteStream):  # type: ignore[misc]
        """Hands a stored body on."""

        def __init__(self, reply: Wire) -> None:
            self._reply = reply

        def __iter__(self) -> Iterator[bytes]:
            yield from chunks(self._reply)

    class Transport(module.BaseTransport):  # type: ignore[misc]
        """Asks for one request, if it has to be asked."""

        def __init__(self, behind: Any, scope: current.Scope) -> None:  # noqa: ANN401 - as above
            self._behind, self._scope = behind, scope

        def handle_request(self, request: Any) -> Any:  # noqa: ANN401 - as above
            endpoint = _endpoint(self._scope, request)
            if endpoint is None:
                return self._behind.handle_request(request)
            exchange = self._scope.interception().begin(endpoint, request.headers, request.read())
            if exchange is None:
                return self._behind.handle_request(request)
            if exchange.reply is not None:
                return module.Response(OK, headers=exchange.reply.headers, stream=Stored(exchange.reply))
            try:
                response = self._behind.handle_request(request)
            except BaseException:
                exchange.failed()
                raise
            if response.status_code != OK:
                exchange.failed()
                return response
            exchange.begun(response.headers)
            decoded = _same(module, response)
            return module.Response(
                OK,
                headers=_without_encoding(response),
                stream=Stream(decoded.iter_bytes(), decoded.close, exchange),
                extensions=response.extensions,
            )

    return Transport


def _async_transport(module: Any) -> Any:  # noqa: ANN401 - as above
    class Stream(module.AsyncByteStream):  # type: ignore[misc]
        """Hands a body on, and tells of it."""

        def __init__(self, parts: AsyncIterator[bytes], close: Callable[[], Any], exchange: Exchange) -> None:
            self._parts, self._close, self._exchange = parts, close, exchange

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for part in self._parts:
                self._exchange.took(part)
                yield part
            self._exchange.ended()

        async def aclose(self) -> None:
            await self._close()
            self._exchange.ended(is_ended=False)

    class Stored(module.AsyncByteStream):  # type: ignore[misc]
        """Hands a stored body on."""

        def __init__(self, reply: Wire) -> None:
            self._reply = reply

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in chunks(self._reply):
                yield part

    class Transport(module.AsyncBaseTransport):  # type: ignore[misc]
        """Asks for one request, if it has to be asked."""

        def __init__(self, behind: Any, scope: current.Scope) -> None:  # noqa: ANN401 - as above
            self._behind, self._scope = behind, scope

        async def handle_async_request(self, request: Any) -> Any:  # noqa: ANN401 - as above
            endpoint = _endpoint(self._scope, request)
            if endpoint is None:
                return await self._behind.handle_async_request(request)
            exchange = self._scope.interception().begin(endpoint, request.headers, await request.aread())
            if exchange is None:
                return await self._behind.handle_async_request(request)
            if exchange.reply is not None:
                return module.Response(OK, headers=exchange.reply.headers, stream=Stored(exchange.reply))
            try:
                response = await self._behind.handle_async_request(request)
            except BaseException:
                exchange.failed()
                raise
            if response.status_code != OK:
                exchange.failed()
                return response
            exchange.begun(response.headers)
            decoded = _same(module, response)
            return module.Response(
                OK,
                headers=_without_encoding(response),
                stream=Stream(decoded.aiter_bytes(), decoded.aclose, exchange),
                extensions=response.extensions,
            )

    return Transport


def _same(module: Any, response: Any) -> Any:  # noqa: ANN401 - as above
    """Return a response whose body is decompressed by the client's own code."""
    return module.Response(OK, headers=response.headers, stream=response.stream)


def _without_encoding(response: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - as above
    headers: list[tuple[str, str]] = response.headers.multi_items()
    if "content-encoding" not in response.headers:
        return headers
    return [(name, value) for name, value in headers if name.lower() not in _OF_ENCODING]

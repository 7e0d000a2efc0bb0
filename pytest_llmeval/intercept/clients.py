"""Where calls are seen: httpx and httpx2, at the point where a client picks the transport that sends a request.

Everything of the client itself (authorisation, redirects, event hooks, cookies, logging) runs as ever; every transport
is covered, litellm's over aiohttp too; and a client is seen whenever it was made. ADR 17 has what else was tried.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.calls.coroutines import paused
from pytest_llmeval.calls.providers import IS_OURS
from pytest_llmeval.errors import UsageError
from pytest_llmeval.intercept import current, faults
from pytest_llmeval.intercept.interception import OK, Exchange, chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from pytest_llmeval.intercept.endpoints import Endpoint
    from pytest_llmeval.records import Wire

NAMES = ("httpx", "httpx2")
_PICKS = "_transport_for_url"
_IS_PATCHED = "_is_llmeval_s"
_LOOK_FOR_MONEY_S = 0.05
# They reach no network: who uses one stands in for the provider already.
_STAND_INS = ("MockTransport", "WSGITransport", "ASGITransport")
# Of the body as it was sent; what is handed on is decompressed.
_OF_ENCODING = ("content-encoding", "content-length", "transfer-encoding")

# Any below: the types of a module that may be missing, or be either of the two.


class _Kit(NamedTuple):
    """A module's own classes, with ours in front: clients ask for instances of theirs."""

    module: Any
    told: Any
    stored: Any


def patch(module: ModuleType) -> Callable[[], None]:
    """Let every client of a module go through us; returns what undoes it.

    Args:
        module: ``httpx``, or one with its interface.

    Raises:
        UsageError: a version of it that works otherwise.
    """
    if not hasattr(module.Client, _PICKS) or not hasattr(module.AsyncClient, _PICKS):
        raise UsageError(
            f"{module.__name__} {getattr(module, '__version__', '?')} is not known: its calls cannot be intercepted",
            hint="use an earlier version of it, or take llmeval_intercept and intercept= away",
        )
    undo = _patch(module.Client, _Transport, _kit(module, _Told, _Stored, module.SyncByteStream), module.BaseTransport)
    kit = _kit(module, _AsyncTold, _AsyncStored, module.AsyncByteStream)
    undo_async = _patch(module.AsyncClient, _AsyncTransport, kit, module.AsyncBaseTransport)

    def both() -> None:
        undo()
        undo_async()

    return both


def _kit(module: Any, told: type, stored: type, stream: type) -> _Kit:  # noqa: ANN401
    return _Kit(module, type("Told", (told, stream), {}), type("Stored", (stored, stream), {}))


def _patch(client: Any, ours: type, kit: _Kit, theirs: type) -> Callable[[], None]:  # noqa: ANN401
    original = getattr(client, _PICKS)
    if getattr(original, _IS_PATCHED, False):  # one module under two names, or a pytest within a test
        return lambda: None
    transport: Any = type("Transport", (ours, theirs), {})
    stand_ins = tuple(getattr(kit.module, name) for name in _STAND_INS if hasattr(kit.module, name))

    def pick(self: Any, url: Any) -> Any:  # noqa: ANN401
        picked, scope = original(self, url), current.scope()
        if scope is None or IS_OURS.get() or isinstance(picked, stand_ins):
            return picked
        return transport(kit, picked, scope)

    setattr(pick, _IS_PATCHED, True)
    setattr(client, _PICKS, pick)
    return lambda: setattr(client, _PICKS, original)


class _Told:
    """Hands a body on, decompressed by the client's own code, and tells of it."""

    def __init__(self, response: Any, exchange: Exchange) -> None:  # noqa: ANN401
        self._response, self._exchange = response, exchange

    def __iter__(self) -> Iterator[bytes]:
        for part in self._response.iter_bytes():
            self._exchange.took(part)
            yield part
        self._exchange.ended()

    def close(self) -> None:
        self._response.close()
        self._exchange.ended(is_whole=False)


class _AsyncTold:
    """The same, awaited."""

    def __init__(self, response: Any, exchange: Exchange) -> None:  # noqa: ANN401
        self._response, self._exchange = response, exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_bytes():
            self._exchange.took(part)
            yield part
        self._exchange.ended()

    async def aclose(self) -> None:
        await self._response.aclose()
        self._exchange.ended(is_whole=False)


class _Stored:
    """Hands a stored body on."""

    def __init__(self, reply: Wire) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        yield from chunks(self._reply)


class _AsyncStored:
    """The same, awaited."""

    def __init__(self, reply: Wire) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in chunks(self._reply):
            yield part


class _Transport:
    """Sends one request, if it has to be sent."""

    def __init__(self, kit: _Kit, behind: Any, scope: current.Scope) -> None:  # noqa: ANN401
        self._kit, self._behind, self._scope = kit, behind, scope

    def handle_request(self, request: Any) -> Any:  # noqa: ANN401
        endpoint = _endpoint(self._scope, request)
        exchange = endpoint and self._scope.interception().begin(endpoint, request.headers, request.read())
        if exchange is None:
            return self._behind.handle_request(request)
        if exchange.reply is not None:
            return _stored(self._kit, exchange.reply)
        while exchange.must_wait():
            time.sleep(_LOOK_FOR_MONEY_S)
        try:
            response = self._behind.handle_request(request)
        except BaseException as error:
            exchange.failed()
            faults.mark_error(error)
            raise
        return _told(self._kit, response, exchange)


class _AsyncTransport:
    """The same, awaited."""

    def __init__(self, kit: _Kit, behind: Any, scope: current.Scope) -> None:  # noqa: ANN401
        self._kit, self._behind, self._scope = kit, behind, scope

    async def handle_async_request(self, request: Any) -> Any:  # noqa: ANN401
        endpoint = _endpoint(self._scope, request)
        exchange = endpoint and self._scope.interception().begin(endpoint, request.headers, await request.aread())
        if exchange is None:
            return await self._behind.handle_async_request(request)
        if exchange.reply is not None:
            return _stored(self._kit, exchange.reply)
        while exchange.must_wait():
            await paused(_LOOK_FOR_MONEY_S)
        try:
            response = await self._behind.handle_async_request(request)
        except BaseException as error:
            exchange.failed()
            faults.mark_error(error)
            raise
        return _told(self._kit, response, exchange)


def _endpoint(scope: current.Scope, request: Any) -> Endpoint | None:  # noqa: ANN401
    return scope.endpoints.find(request.method, str(request.url), os.environ)


def _stored(kit: _Kit, reply: Wire) -> Any:  # noqa: ANN401
    return kit.module.Response(OK, headers=dict(reply.headers), stream=kit.stored(reply))


def _told(kit: _Kit, response: Any, exchange: Exchange) -> Any:  # noqa: ANN401
    """Return what the client is given in place of a response: itself, or one that tells what is read of it."""
    if response.status_code != OK:
        exchange.failed(response.status_code)
        faults.mark_reply(response)
        return response
    exchange.begun(response.headers)
    headers = response.headers.multi_items()
    if "content-encoding" in response.headers:
        headers = [(name, value) for name, value in headers if name.lower() not in _OF_ENCODING]
    # Another one of the same body, so that the client's own code decompresses it.
    body = kit.module.Response(OK, headers=response.headers, stream=response.stream)
    return kit.module.Response(OK, headers=headers, stream=kit.told(body, exchange), extensions=response.extensions)

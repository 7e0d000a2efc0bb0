"""The engine: answers a request from the cache, or asks a provider and stores what it said.

A replayed answer is given in the caller's own thread; the loop and its imports come with the first live call.
"""

from __future__ import annotations

import os
import shlex
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.calls.cache import Cache, Mode
from pytest_llmeval.calls.guard import refuse
from pytest_llmeval.calls.key import cache_key, difference, origin
from pytest_llmeval.calls.prices import cost_usd
from pytest_llmeval.calls.providers import resolved
from pytest_llmeval.errors import CacheMiss, LlmevalError
from pytest_llmeval.records import Outcome, Provenance, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmeval.calls.events import CallEvent
    from pytest_llmeval.calls.loop import Loop

_LENGTH_LIMITS = ("max_tokens", "max_completion_tokens")


class Engine:
    """Requests in, responses out; one a process, safe to share between threads, whole after a fork.

    Args:
        cache: where answers are looked for and stored, unless ``ask`` is given another.
        mode: what may be replayed, asked and stored; see ``Mode``.
        concurrency: most requests in flight at a time.
        timeout_s: most seconds of one request, retries included.
        refreshed_since: in refresh, what was recorded from this time on (ISO 8601 in UTC) is fresh: an equal request
            of the same session, of this worker or another, is one draw and not two.
        on_event: told of every step of a live call, on another thread than the caller's.
    """

    def __init__(
        self,
        cache: Cache,
        mode: Mode,
        *,
        concurrency: int = 10,
        timeout_s: float = 120.0,
        refreshed_since: str = "",
        on_event: Callable[[CallEvent], None] | None = None,
    ) -> None:
        self._cache = cache
        self._mode = mode
        self._concurrency = concurrency
        self._timeout_s = timeout_s
        self._refreshed_since = refreshed_since
        self._on_event = on_event or _ignore
        self._loop: Loop | None = None
        self._starting = threading.Lock()

    def ask(self, request: Request, *, where: str = "", cache: Cache | None = None) -> Response:
        """Answer one request.

        Args:
            request: what is asked.
            where: pytest's id of the test that asks, for the command that records a miss.
            cache: in place of the engine's, where a test has recordings of its own.

        Raises:
            CacheMiss: nothing stored, and the mode is *replay*.
            ProviderError: the provider failed; nothing is stored.
            StoreError: what is stored cannot be read, or the answer not be stored.
            UsageError: the request cannot be asked as it is.
        """
        __tracebackhide__ = True  # pytest: a failing call fails in the user's own line
        try:
            return self._answer(request, where, cache or self._cache)
        except LlmevalError as error:
            # The frames of the call hold keys in their variables, and --showlocals would print them.
            error.__cause__ = error.__context__ = None
            raise error.with_traceback(None) from None

    def _answer(self, request: Request, where: str, cache: Cache) -> Response:
        request = resolved(request)
        refuse(request)
        key = cache_key(request)
        if self._mode in {Mode.AUTO, Mode.REPLAY}:
            found = cache.get(key)
            if found is not None:
                return replace(found, request=request)
        if self._mode is Mode.REFRESH and self._refreshed_since:
            # The working cache, and not the test's recordings: it sees at once what other workers have stored.
            found = self._cache.get(key)
            if found is not None and found.recorded_at >= self._refreshed_since:
                return replace(found, request=request, provenance=Provenance.REFRESHED)
        if self._mode is Mode.REPLAY:
            raise _miss(request, key, cache, where)
        return self._running().ask(request, lambda response: self._kept(response, key, cache))

    def close(self) -> None:
        """End the loop, if one was started in this process; a later live call starts another."""
        with self._starting:
            loop, self._loop = self._loop, None
        if loop is not None and loop.pid == os.getpid():
            loop.close()

    def _running(self) -> Loop:
        """The loop of this process: after a fork the parent's is there, but its thread is not."""
        from pytest_llmeval.calls.loop import Loop

        with self._starting:
            if self._loop is None or self._loop.pid != os.getpid():
                self._loop = Loop(concurrency=self._concurrency, timeout_s=self._timeout_s, on_event=self._on_event)
            return self._loop

    def _kept(self, response: Response, key: str, cache: Cache) -> Response:
        """Complete a fresh answer, and store it before anybody sees it."""
        recorded_at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        response = replace(
            response,
            latency_s=round(response.latency_s, 3),
            cost_usd=cost_usd(response.request.model, response.n_input_tokens, response.n_output_tokens),
            recorded_at=recorded_at,
            key=key,
            origin=origin(key, response.text, recorded_at),
            provenance=Provenance.REFRESHED if self._mode is Mode.REFRESH else Provenance.LIVE,
        )
        if self._mode is not Mode.LIVE and _is_worth_keeping(response):
            cache.put(response)
        return response


def _is_worth_keeping(response: Response) -> bool:
    """Whether asking again would be asking the same thing twice (FAULTS 16).

    A cut answer is what was asked for if the request itself sets the length; a filtered or empty one may be the
    provider's mood, and replaying it for months would make it the truth.
    """
    if response.outcome is Outcome.TRUNCATED:
        return any(name in response.request.settings for name in _LENGTH_LIMITS)
    return response.outcome is Outcome.OK


def _miss(request: Request, key: str, cache: Cache, where: str) -> CacheMiss:
    """Say what was looked for, where, what came nearest, and how to record it."""
    trial = "" if request.trial is None else f"trial {request.trial}, "
    places = cache.describe()
    looked = f"{places[:-1]}, mode 'replay')" if places.endswith(")") else f"{places} (mode 'replay')"
    other = cache.nearest(request)
    differs = f"; nearest differs in: {', '.join(difference(request, other))}" if other else ""
    return CacheMiss(
        f"no stored response for this request (model {request.model!r}, {trial}key {key[:4]}…{key[-2:]})",
        found=f"looked in: {looked}{differs}",
        hint=f"to record it: pytest --llmeval-cache=auto {shlex.quote(where) if where else ''}".rstrip(),
    )


def _ignore(event: CallEvent) -> None:
    """Where nobody listens."""

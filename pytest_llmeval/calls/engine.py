"""The engine: answers a request from the cache, or asks a provider and stores what it said.

A replayed answer is given in the caller's own thread; the loop and its imports come with the first live call.
"""

from __future__ import annotations

import os
import shlex
import threading
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.calls.cache import Cache, Mode
from pytest_llmeval.calls.coroutines import OnLoop
from pytest_llmeval.calls.events import Progress
from pytest_llmeval.calls.guard import refuse
from pytest_llmeval.calls.key import cache_key, difference, origin
from pytest_llmeval.calls.prices import cost_usd
from pytest_llmeval.calls.providers import is_direct, resolved
from pytest_llmeval.errors import CacheMiss, LlmevalError
from pytest_llmeval.records import Outcome, PendingResponse, Provenance, Request, Response, land

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import Future

    from pytest_llmeval.calls.cache import Claims
    from pytest_llmeval.calls.events import CallEvent
    from pytest_llmeval.calls.limits import Rate
    from pytest_llmeval.calls.loop import Loop
    from pytest_llmeval.calls.redaction import Redact

T = TypeVar("T")
_LENGTH_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


class Engine:
    """Requests in, responses out; one a process, safe to share between threads, whole after a fork.

    Args:
        cache: where answers are looked for and stored, unless ``ask`` is given another.
        mode: what may be replayed, asked and stored; see ``Mode``.
        concurrency: most requests in flight at a time.
        timeout_s: most seconds of one request, retries included.
        rates: requests and tokens a minute, by provider; see ``Rate``.
        claims: who asks for what, over all processes that share the cache; without them each asks for itself.
        refreshed_since: in refresh, what was recorded from this time on (ISO 8601 in UTC) is fresh: an equal request
            of the same session, of this worker or another, is one draw and not two.
        on_event: told of every step of a live call, on another thread than the caller's.

    Attributes:
        n_in_flight: requests that are with their provider now.
    """

    def __init__(
        self,
        cache: Cache,
        mode: Mode,
        *,
        concurrency: int = 10,
        timeout_s: float = 120.0,
        rates: Mapping[str, Rate] = MappingProxyType({}),
        claims: Claims | None = None,
        refreshed_since: str = "",
        on_event: Callable[[CallEvent], None] | None = None,
    ) -> None:
        self._cache = cache
        self._mode = mode
        self._concurrency = concurrency
        self._timeout_s = timeout_s
        self._rates = rates
        self._claims = claims
        self._refreshed_since = refreshed_since
        self.n_in_flight = 0
        self._on_event = on_event or _ignore
        self._loop: Loop | None = None
        self._starting = threading.Lock()

    def ask(
        self, request: Request, *, where: str = "", cache: Cache | None = None, redact: Redact | None = None
    ) -> Response:
        """Answer one request, and wait for it; arguments and errors as of ``begin``."""
        __tracebackhide__ = True
        return land(self.begin(request, where=where, cache=cache, redact=redact))

    def begin(
        self, request: Request, *, where: str = "", cache: Cache | None = None, redact: Redact | None = None
    ) -> Response:
        """Answer one request: a stored answer at once, another while it is on its way.

        Args:
            request: what is asked, redacted.
            where: pytest's id of the test that asks, for the command that records a miss.
            cache: in place of the engine's, where a test has recordings of its own.
            redact: takes out of a fresh answer what nobody may see; a stored one was redacted before it was stored.

        Returns:
            the response; pending where a provider is asked, and then reading it raises a ProviderError where the
            provider failed (nothing is stored), or a StoreError where the answer could not be stored.

        Raises:
            CacheMiss: nothing stored, and the mode is *replay*.
            StoreError: what is stored cannot be read.
            UsageError: the request cannot be asked as it is.
        """
        __tracebackhide__ = True  # pytest: a failing call fails in the user's own line
        try:
            return self._begin(request, where, cache or self._cache, redact)
        except LlmevalError as error:
            # The frames of the call hold keys in their variables, and --showlocals would print them.
            error.__cause__ = error.__context__ = None
            raise error.with_traceback(None) from None

    def _begin(self, request: Request, where: str, cache: Cache, redact: Redact | None) -> Response:
        request = resolved(request)
        refuse(request)
        key = cache_key(request)

        def look() -> Response | None:
            return self._stored(request, key, cache)

        found = look()
        if found is not None:
            return found
        if self._mode is Mode.REPLAY:
            raise _miss(request, key, cache, where)
        from pytest_llmeval.calls.loop import Live
        from pytest_llmeval.calls.nonce import marked, unmarked

        loop = self._running()
        sent, nonce = marked(request)
        live = Live(
            request=request,
            sent=sent,
            key=key,
            keep=lambda response: self._kept(unmarked(response, request, nonce), key, cache, redact),
            # A draw that is asked for live is nobody else's.
            look=None if self._mode is Mode.LIVE else look,
        )
        future = loop.submit(live)
        return PendingResponse(OnLoop(future) if loop.is_here() else future, request=request)

    def _stored(self, request: Request, key: str, cache: Cache) -> Response | None:
        """Return what the mode lets stand for an answer; safe on any thread."""
        if self._mode is Mode.REFRESH:
            # The working cache, and not the test's recordings: it sees at once what other workers have stored.
            found = self._cache.get(key, request) if self._refreshed_since else None
            if found is None or found.recorded_at < self._refreshed_since:
                return None
            return replace(found, provenance=Provenance.REFRESHED)
        found = None if self._mode is Mode.LIVE else cache.get(key, request)
        if found is not None and found.more and self._mode is Mode.AUTO:
            from pytest_llmeval.calls.nonce import lacks_echo

            # A judge's reply that nobody can believe is no grade: whoever may ask asks again.
            return None if lacks_echo(found) else found
        return found

    def look(
        self, request: Request, *, where: str = "", cache: Cache | None = None, suits: Callable[[Response], bool]
    ) -> Response | None:
        """Return what stands for an answer, where somebody else asks the provider: the application under test.

        Args:
            request: what is asked, as it is: no endpoint of the environment is written into it.
            where: as of ``begin``.
            cache: as of ``begin``.
            suits: whether what is stored can be handed over.

        Returns:
            the stored answer; None: ask, and hand the answer to ``keep``.

        Raises:
            CacheMiss: nothing stored that suits, and the mode is *replay*.
            StoreError: what is stored cannot be read.
        """
        key, cache = cache_key(request), cache or self._cache
        found = self._stored(request, key, cache)
        if found is not None and suits(found):
            return found
        if self._mode is Mode.REPLAY:
            raise _miss(request, key, cache, where)
        return None

    def keep(self, response: Response, *, cache: Cache | None = None) -> Response:
        """Complete an answer that somebody else was given, and store it as the mode says.

        Raises:
            StoreError: it could not be stored.
        """
        return self._kept(response, cache_key(response.request), cache or self._cache, redact=None)

    @property
    def may_ask(self) -> bool:
        """Whether the mode lets anybody be asked."""
        return self._mode is not Mode.REPLAY

    def prepare(self, model: str, api_base: str) -> None:
        """Begin to import litellm, in a thread, if a live call of this model needs it: it takes seconds."""
        request = resolved(Request(model=model, messages=(), api_base=api_base))
        if not is_direct(request):
            self._running().prepare(request)

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run an async metric between the calls, on their thread."""
        return self._running().spawn(coroutine)

    def _note(self, event: CallEvent) -> None:
        self.n_in_flight += 1 if event.progress is Progress.ASKED else -1
        self._on_event(event)

    def cancel(self) -> int:
        """Give up what is queued or in flight; return how many calls that were."""
        loop = self._loop
        return loop.cancel() if loop is not None and loop.pid == os.getpid() else 0

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
                self._loop = Loop(
                    concurrency=self._concurrency,
                    timeout_s=self._timeout_s,
                    rates=self._rates,
                    claims=self._claims,
                    on_event=self._note,
                )
            return self._loop

    def _kept(self, response: Response, key: str, cache: Cache, redact: Redact | None) -> Response:
        """Complete a fresh answer, and store it before anybody sees it."""
        if redact is not None:
            from pytest_llmeval.calls.redaction import redacted_answer

            response = redacted_answer(response, redact)
        recorded_at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        response = replace(
            response,
            latency_s=round(response.latency_s, 3),
            cost_usd=cost_usd(response.request.model, response.n_input_tokens, response.n_output_tokens),
            recorded_at=recorded_at,
            key=key,
            origin=origin(key, response.text, recorded_at, response.wire, response.more),
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

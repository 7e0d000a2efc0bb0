"""The engine: answers a request from the cache, or asks a provider and stores what it said.

A replayed answer is given in the caller's own thread; the loop and its imports come with the first live call.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.calls.cache import Cache, Mode
from pytest_llmeval.calls.coroutines import OnLoop
from pytest_llmeval.calls.events import Progress
from pytest_llmeval.calls.guard import refuse
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.providers import is_direct, resolved
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.records import PendingResponse, Provenance, Request, Response, land

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import Future

    from pytest_llmeval.calls.budget import Budget
    from pytest_llmeval.calls.cache import Claims
    from pytest_llmeval.calls.events import CallEvent
    from pytest_llmeval.calls.keeping import Keeping
    from pytest_llmeval.calls.limits import Rate
    from pytest_llmeval.calls.loop import Loop
    from pytest_llmeval.calls.prices import Prices
    from pytest_llmeval.calls.redaction import Redact
    from pytest_llmeval.errors import StoreError

T = TypeVar("T")


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
        prices: what models cost; by default the list's.
        budget: what may be spent; None: no limit.
        on_event: told of every step of a live call, on another thread than the caller's.
        prove_room: as of ``Keeping``; so is ``on_unstored``.

    Attributes:
        budget: as given.
        n_in_flight: calls that were sent, and have neither an answer nor failed.
    """

    def __init__(  # noqa: PLR0913 - each has a default of its own
        self,
        cache: Cache,
        mode: Mode,
        *,
        concurrency: int = 10,
        timeout_s: float = 120.0,
        rates: Mapping[str, Rate] = MappingProxyType({}),
        claims: Claims | None = None,
        refreshed_since: str = "",
        prices: Prices | None = None,
        budget: Budget | None = None,
        on_event: Callable[[CallEvent], None] | None = None,
        prove_room: Callable[[], None] | None = None,
        on_unstored: Callable[[Response, StoreError | None], None] | None = None,
    ) -> None:
        self._cache = cache
        self._mode = mode
        self._concurrency = concurrency
        self._timeout_s = timeout_s
        self._rates = rates
        self._claims = claims
        self._refreshed_since = refreshed_since
        self._prices = prices
        self.budget = budget
        self.n_in_flight = 0
        self._on_event = on_event or _ignore
        self._prove_room = prove_room
        self._on_unstored = on_unstored
        self._keeping: Keeping | None = None
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
        from pytest_llmeval.calls.leaks import refuse_keys

        refuse_keys(request)
        if self._mode is Mode.REPLAY:
            from pytest_llmeval.calls.missing import miss

            raise miss(request, key, cache, where)
        from pytest_llmeval.calls.loop import Live
        from pytest_llmeval.calls.nonce import marked, unmarked

        loop = self._running()
        sent, nonce = marked(request)
        live = Live(
            request=request,
            sent=sent,
            key=key,
            prepare=self._keeper().prepare,
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
            StoreError: what is stored cannot be read, or the answer could not be stored.
        """
        key, cache = cache_key(request), cache or self._cache
        found = self._stored(request, key, cache)
        if found is not None and suits(found):
            return found
        if self._mode is Mode.REPLAY:
            from pytest_llmeval.calls.missing import miss

            raise miss(request, key, cache, where)
        self._keeper().prepare()
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
        if event.progress is Progress.ASKED:
            self.n_in_flight += event.attempt == 1
        elif event.progress is not Progress.RETRIED:
            self.n_in_flight -= 1
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
                    budget=self.budget,
                    on_event=self._note,
                )
            return self._loop

    def _keeper(self) -> Keeping:
        from pytest_llmeval.calls.keeping import Keeping

        with self._starting:
            if self._keeping is None:
                self._keeping = Keeping(self._prove_room, self._on_unstored)
            return self._keeping

    def _kept(self, response: Response, key: str, cache: Cache, redact: Redact | None) -> Response:
        """Complete a fresh answer, and store it before anybody sees it."""
        from pytest_llmeval.calls.completing import completed, is_worth_keeping

        response = completed(response, key, mode=self._mode, prices=self._prices, redact=redact)
        if self._mode is not Mode.LIVE and is_worth_keeping(response):
            self._keeper().keep(response, cache)
        return response


def _ignore(event: CallEvent) -> None:
    """Where nobody listens."""

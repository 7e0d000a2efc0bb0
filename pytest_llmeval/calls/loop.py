"""Live calls: one asyncio loop on its own thread, on which every call of the process is sent and answered.

Imported at the first live call, since importing asyncio costs what a whole replayed test does. ``sharing`` knows who
waits for which call, ``dispatch`` which is sent when, ``providers`` how.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.calls.dispatch import Dispatch
from pytest_llmeval.calls.providers.making import Providers
from pytest_llmeval.calls.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from pytest_llmeval.calls.budget import Budget
    from pytest_llmeval.calls.cache import Claims
    from pytest_llmeval.calls.events import CallEvent
    from pytest_llmeval.calls.limits import Rate
    from pytest_llmeval.calls.sharing import Call
    from pytest_llmeval.records import Request, Response

T = TypeVar("T")

_CLOSING_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """One live call, as the engine hands it over.

    Args:
        request: what is asked.
        sent: the request as it goes out: with a nonce in the place of its mark.
        key: its cache key.
        prepare: makes sure that the answer can be stored; called before each attempt, on the loop's thread.
        keep: completes and stores an answer that was paid for; called once, on the loop's thread.
        look: looks into the cache again, on any thread; None: the answer is nobody else's.
    """

    request: Request
    sent: Request
    key: str
    prepare: Callable[[], None]
    keep: Callable[[Response], Response]
    look: Callable[[], Response | None] | None


class Loop:
    """A running loop and the providers that live on it. Belongs to the process that made it.

    Args:
        concurrency: most requests in flight at a time.
        timeout_s: most seconds of one call, its retries and their pauses included, waiting for its turn not.
        rates: requests and tokens a minute, by host or provider as ``providers.address`` names it; ``*`` is each other.
        claims: who asks, among processes that share a cache; None: each asks for itself.
        budget: what may be spent; None: no limit.
        on_event: told of every step, on the loop's thread; what it raises is dropped.

    Attributes:
        pid: of that process.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        timeout_s: float,
        rates: Mapping[str, Rate],
        claims: Claims | None,
        budget: Budget | None = None,
        on_event: Callable[[CallEvent], None],
    ) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._sharing = Sharing(timeout_s, on_left=self._give_up)
        self._providers = Providers(concurrency=concurrency, timeout_s=timeout_s, on_made=self._wake)
        self._dispatch = Dispatch(
            concurrency=concurrency,
            timeout_s=timeout_s,
            rates=rates,
            claims=claims,
            budget=budget,
            providers=self._providers,
            sharing=self._sharing,
            on_event=on_event,
        )
        self._arrived: deque[Call] = deque()
        self._is_woken = False
        self._spawned: set[Future[Any]] = set()
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="llmeval-calls", daemon=True)
        self._thread.start()

    def submit(self, live: Live) -> Future[Response]:
        """Take a call over, from any thread, without waiting for anything.

        Returns:
            the answer to come, or a ProviderError where there is none; equal calls that are on their way together have
            one answer. Cancelled after ``cancel``. Whoever cancels it takes nothing from others.

        Raises:
            UsageError: there is no key, or litellm is missing or refused.
        """
        authorization = self._providers.check(live.request)
        future, call = self._sharing.join(live, authorization)
        if call is not None:
            self._providers.prepare(live.request)
            self._arrived.append(call)
            self._wake()
        return future

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine between the calls, on their thread; cancelled after ``cancel``."""
        if self._is_ending:
            coroutine.close()
            future: Future[T] = Future()
            future.cancel()
            return future
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        self._spawned.add(future)
        future.add_done_callback(self._spawned.discard)
        return future

    def prepare(self, request: Request) -> None:
        """Begin to import what this request needs, in a thread; nothing where that was begun."""
        self._providers.prepare(request)

    def is_here(self) -> bool:
        """Whether the caller runs on the loop's own thread, where waiting would wait for ever."""
        return threading.get_ident() == self._thread.ident

    def cancel(self) -> int:
        """Give up everything that is queued or in flight, and whatever is submitted from now on.

        Returns:
            how many calls had no answer; who waits for one hears of it at once, whatever the loop's thread is doing.
        """
        self._is_ending = True
        n_calls = self._sharing.close()
        for future in tuple(self._spawned):
            future.cancel()
        return n_calls

    def close(self) -> None:
        """Give up what is left, close the connections and end the thread; in bounded time, since it is a daemon."""
        self.cancel()
        if self._loop.is_closed():
            return
        with contextlib.suppress(Exception):  # a connection that fails to close is of no use to anybody
            asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(_CLOSING_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self) -> None:
        while True:
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                # A user's metric raised it: asyncio lets it out, after it was handed to the metric's future.
                continue
            return

    def _wake(self) -> None:
        """Have the loop take in what arrived, and send what can be sent; many calls are taken in at once."""
        if not self._is_woken:
            self._is_woken = True
            self._on_loop(self._take_in)

    def _take_in(self) -> None:
        self._is_woken = False  # first: what arrives from here on wakes again
        while self._arrived:
            self._dispatch.put(self._arrived.popleft())
        self._dispatch.pump()

    def _give_up(self, call: Call) -> None:
        self._on_loop(self._dispatch.give_up, call)

    def _on_loop(self, callback: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - the callback's own
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)

    async def _shut(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._providers.close()

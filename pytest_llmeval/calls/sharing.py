"""Single flight: equal calls of one process that are on their way at the same time are one call with one answer.

``Call`` is what travels; ``Sharing`` knows who waits for it. Between processes the claims of the cache do the same, see
``dispatch``.
"""

from __future__ import annotations

import copy
import threading
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from pytest_llmeval.calls.budget import Reservation
    from pytest_llmeval.calls.loop import Live
    from pytest_llmeval.records import Response

_Outcome: TypeAlias = "Response | BaseException"


class Call:
    """One live call and all who wait for it; small, because ten thousand may be queued.

    Args:
        live: as it was handed over.
        authorization: read from the environment when it was.
        remaining_s: seconds that are left of its timeout.
    """

    __slots__ = (
        *("live", "authorization", "waiting"),
        *("attempt", "remaining_s", "has_claim", "watched_s", "is_over", "task", "timer", "reservation"),
    )

    def __init__(self, live: Live, authorization: str, remaining_s: float) -> None:
        self.live = live
        self.authorization = authorization
        self.remaining_s = remaining_s
        self.attempt = 0
        self.has_claim = False
        self.watched_s = 0.0  # how long another process has had the claim
        self.is_over = False
        self.reservation: Reservation | None = None  # for the attempt that is in flight
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.waiting: list[tuple[Future[Response], Live]] = []


class Sharing:
    """The calls that are on their way, by key. Safe to use from several threads.

    Args:
        timeout_s: of a call.
        on_left: told of a call for which nobody waits any more, in the thread of whoever was the last.
    """

    def __init__(self, timeout_s: float, on_left: Callable[[Call], None]) -> None:
        self._timeout_s = timeout_s
        self._on_left = on_left
        self._calls: set[Call] = set()
        self._by_key: dict[str, Call] = {}
        self._is_closed = False
        self._lock = threading.Lock()

    def join(self, live: Live, authorization: str) -> tuple[Future[Response], Call | None]:
        """Wait for an answer.

        Returns:
            the future, cancelled where ``close`` was called; and the call, if it is a new one that has to be made.
        """
        future: Future[Response] = Future()
        is_shared = live.look is not None
        with self._lock:
            if self._is_closed:
                future.cancel()
                return future, None
            call = self._by_key.get(live.key) if is_shared else None
            is_new = call is None
            if call is None:
                call = Call(live, authorization, self._timeout_s)
                self._calls.add(call)
                if is_shared:
                    self._by_key[live.key] = call
            call.waiting.append((future, live))
        future.add_done_callback(partial(self._leave, call))
        return future, call if is_new else None

    def finish(self, call: Call, outcome: _Outcome) -> None:
        """Hand the outcome of a call to all who wait for it; once a call, on the loop's thread."""
        with self._lock:
            self._forget(call)
            waiting, call.waiting = call.waiting, []
        for number, (future, live) in enumerate(waiting):
            if future.set_running_or_notify_cancel():
                _land(future, outcome if number == 0 else _for_another(outcome, call.live, live))

    def close(self) -> int:
        """Cancel every future, and every later one; return how many calls had no answer yet."""
        with self._lock:
            self._is_closed = True
            futures = [[future for future, _ in call.waiting] for call in self._calls]
        n_calls = 0
        for those in futures:
            n_cancelled = sum(future.cancel() for future in those)
            n_calls += n_cancelled > 0
        return n_calls

    def _leave(self, call: Call, future: Future[Response]) -> None:
        """Whoever waited gave up: the call goes on while another waits."""
        if not future.cancelled():
            return
        with self._lock:
            if call not in self._calls or not all(other.cancelled() for other, _ in call.waiting):
                return
            self._forget(call)
        self._on_left(call)

    def _forget(self, call: Call) -> None:
        self._calls.discard(call)
        if self._by_key.get(call.live.key) is call:
            del self._by_key[call.live.key]


def _for_another(outcome: _Outcome, asked: Live, live: Live) -> _Outcome:
    """The outcome for somebody who asked the same while it was on its way."""
    if isinstance(outcome, LlmevalError):
        return copy.copy(outcome)  # each is raised in a test of its own, which puts its traceback on it
    if isinstance(outcome, BaseException) or live.look is None:
        return outcome
    try:
        # As if asked a moment later: the answer is replayed, and comes into the recordings of this test, too.
        found = live.look()
    except Exception as error:  # noqa: BLE001 - as from a cache that was looked into in the caller's thread
        return error
    return found or (outcome if live.request is asked.request else replace(outcome, request=live.request))


def _land(future: Future[Response], outcome: _Outcome) -> None:
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)

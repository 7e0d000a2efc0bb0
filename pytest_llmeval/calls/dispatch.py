"""Which call is sent when, and what becomes of it: queues by host, slots, claims, attempts. On the loop's thread only.

A queued call is no task; one comes to be when it is sent. What waits for something else than an answer of a provider
(a pause, another process, its turn) holds no slot.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import time
from collections import deque
from typing import TYPE_CHECKING

from pytest_llmeval.calls.events import CallEvent, Progress
from pytest_llmeval.calls.guard import said
from pytest_llmeval.calls.limits import Limits, Rate
from pytest_llmeval.calls.providers import TOO_MANY_REQUESTS, Fault, address, is_direct
from pytest_llmeval.calls.providers.headers import exhausted_s
from pytest_llmeval.calls.retries import failure, pause_s
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmeval.calls.budget import Budget
    from pytest_llmeval.calls.cache import Claims
    from pytest_llmeval.calls.limits import Ticket
    from pytest_llmeval.calls.providers import Completion, Provider
    from pytest_llmeval.calls.providers.making import Providers
    from pytest_llmeval.calls.sharing import Call, Sharing
    from pytest_llmeval.records import Response

ANY_HOST = "*"
FIRST_LOOK_S = 0.02
LOOK_FOR_MONEY_S = 0.05
LAST_LOOK_S = 0.25


class _Lane:
    """The calls through one provider to one host that wait for their turn."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.waiting: deque[Call] = deque()
        self.alarm: asyncio.TimerHandle | None = None


class Dispatch:
    """Sends the calls of one loop.

    Args:
        concurrency: most requests in flight, over all hosts.
        timeout_s: of a call.
        rates: by host or provider as ``address`` names it, or ``*`` for those that are not named.
        claims: see ``cache.Claims``.
        budget: what may be spent; None: no limit.
        providers: who answers.
        sharing: who waits.
        on_event: told of every step.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        timeout_s: float,
        rates: Mapping[str, Rate],
        claims: Claims | None,
        budget: Budget | None = None,
        providers: Providers,
        sharing: Sharing,
        on_event: Callable[[CallEvent], None],
    ) -> None:
        self._concurrency = concurrency
        # Its owner has at most this long; one that is stopped, and not dead, must not stop us for ever.
        self._longest_watch_s = 2 * timeout_s
        self._rates = rates
        self._claims = claims
        self._budget = budget
        self._providers = providers
        self._sharing = sharing
        self._on_event = on_event
        self._n_in_flight = 0
        self._limits: dict[str, Limits] = {}
        self._lanes: dict[tuple[str, bool], _Lane] = {}

    def put(self, call: Call) -> None:
        """Queue a call; ``pump`` sends it."""
        self._lane(call).waiting.append(call)

    def give_up(self, call: Call) -> None:
        """End a call for which nobody waits any more; one that is queued is passed over when its turn comes."""
        self._end(call, asyncio.CancelledError(), "given up")
        if call.task is not None:
            call.task.cancel()

    def pump(self) -> None:
        """Send what may be sent now, a call from each queue in turn."""
        lanes = deque(lane for lane in self._lanes.values() if lane.waiting)
        while lanes and self._n_in_flight < self._concurrency:
            lane = lanes.popleft()
            if self._advance(lane):
                lanes.append(lane)

    def _lane(self, call: Call) -> _Lane:
        request = call.live.request
        host = address(request)
        place = host, is_direct(request)
        if place not in self._lanes:
            if host not in self._limits:
                rate = self._rates.get(host) or self._rates.get(ANY_HOST) or Rate()
                self._limits[host] = Limits(self._concurrency, rate)
            self._lanes[place] = _Lane(self._limits[host])
        return self._lanes[place]

    def _advance(self, lane: _Lane) -> bool:
        """Take one call out of a queue; False where none may go now."""
        if not lane.waiting or not lane.limits.has_room:
            return False
        now_s = time.monotonic()
        wait_s = lane.limits.wait_s(now_s)
        if wait_s > 0:
            self._wake_in(wait_s, lane)
            return False
        provider = self._providers.find(lane.waiting[0].live.request)
        if provider is None:
            return False
        call = lane.waiting.popleft()
        if call.is_over:
            return True
        if isinstance(provider, UsageError):
            self._end(call, copy.copy(provider), provider.what)
        elif self._may_ask(call, FIRST_LOOK_S):
            if self._may_spend(call):
                self._send(call, lane, provider, now_s)
            elif not call.is_over:
                # Those behind it wait as well: small calls must not keep a large one waiting for ever.
                lane.waiting.appendleft(call)
                self._wake_in(LOOK_FOR_MONEY_S, lane)
                return False
        return True

    def _may_spend(self, call: Call) -> bool:
        """Whether the most that an attempt costs is reserved; otherwise the call has ended, or others hold the rest."""
        if self._budget is None:
            return True
        try:
            call.reservation = self._budget.reserve(call.live.request)
        except Exception as error:  # noqa: BLE001 - nothing is left, or of a ledger; the call must hear of it
            self._end(call, _bare(error), said(error))
        return call.reservation is not None

    def _settle(self, call: Call, outcome: Response | BaseException) -> None:
        if self._budget is not None:
            self._budget.settle(call.reservation, outcome)
            call.reservation = None

    def _wake_in(self, wait_s: float, lane: _Lane) -> None:
        if lane.alarm is None:
            lane.alarm = asyncio.get_running_loop().call_later(wait_s, self._wake, lane)

    def _wake(self, lane: _Lane) -> None:
        lane.alarm = None
        self.pump()

    def _may_ask(self, call: Call, pause_s: float) -> bool:
        """Whether this process is to ask; otherwise the call has ended, or is looked at again after a pause."""
        look = call.live.look
        try:
            call.live.prepare()
            if self._claims is None or look is None or call.has_claim or call.watched_s > self._longest_watch_s:
                return True
            call.has_claim = self._claims.take(call.live.key)
            # Whoever had the claim may just have stored the answer.
            found = look() if call.has_claim else None
        except Exception as error:  # noqa: BLE001 - of a cache that cannot be read or written; the call must hear of it
            self._end(call, error, said(error))
            return False
        if found is not None:
            self._end(call, found)
        elif not call.has_claim:
            call.timer = asyncio.get_running_loop().call_later(pause_s, self._look_again, call, pause_s)
        return found is None and call.has_claim

    def _look_again(self, call: Call, waited_s: float) -> None:
        call.watched_s += waited_s
        if self._may_ask(call, min(2 * waited_s, LAST_LOOK_S)):
            self._queue_again(call)

    def _queue_again(self, call: Call) -> None:
        self._lane(call).waiting.appendleft(call)
        self.pump()

    def _send(self, call: Call, lane: _Lane, provider: Provider, now_s: float) -> None:
        call.attempt += 1
        self._n_in_flight += 1
        ticket = lane.limits.begin(call.live.request, now_s)
        self._tell(Progress.ASKED, call)
        call.task = asyncio.get_running_loop().create_task(self._attempt(call, lane.limits, provider, ticket))

    async def _attempt(self, call: Call, limits: Limits, provider: Provider, ticket: Ticket) -> None:
        try:
            completion = await provider.complete(
                call.live.sent, authorization=call.authorization, timeout_s=call.remaining_s
            )
        except Fault as fault:
            self._settle(call, fault)
            self._failed(call, limits, ticket, fault)
        except BaseException as error:  # noqa: BLE001 - a call that ended in no way would be waited for for ever
            # If nobody gave it up, it was cancelled by a library on its way.
            self._settle(call, error)
            is_cancelled = isinstance(error, asyncio.CancelledError)
            self._end(call, ConnectionAbortedError() if is_cancelled else _bare(error), said(error))
        else:
            self._settle(call, completion.response)
            self._answered(call, limits, ticket, completion)
        finally:
            limits.end()
            self._n_in_flight -= 1
            self.pump()

    def _answered(self, call: Call, limits: Limits, ticket: Ticket, completion: Completion) -> None:
        limits.answered(ticket, completion.response)
        limits.hold(exhausted_s(completion.headers), time.monotonic())
        try:
            kept = call.live.keep(completion.response)
        except BaseException as error:  # noqa: BLE001 - what was paid for could not be stored; the call must hear of it
            self._end(call, error, said(error))
        else:
            self._tell(Progress.ANSWERED, call, cost_usd=kept.cost_usd)
            self._end(call, kept)

    def _failed(self, call: Call, limits: Limits, ticket: Ticket, fault: Fault) -> None:
        now_s = time.monotonic()
        if fault.status == TOO_MANY_REQUESTS and fault.may_pass:
            limits.refused(ticket, now_s)
        limits.hold(exhausted_s(fault.headers), now_s)
        call.remaining_s -= now_s - ticket.asked_s
        again_s = pause_s(fault, call.attempt, call.remaining_s)
        if again_s is None:
            # Made, and not raised: no frame of aiohttp or litellm hangs on it, which pytest would format for a second.
            self._end(call, failure(fault, call.live.request, call.attempt, call.remaining_s), fault.what)
            return
        call.remaining_s -= again_s
        self._tell(Progress.RETRIED, call, fault.what)
        call.timer = asyncio.get_running_loop().call_later(again_s, self._queue_again, call)

    def _end(self, call: Call, outcome: Response | BaseException, detail: str = "") -> None:
        if call.is_over:
            return
        call.is_over = True
        if call.timer is not None:
            call.timer.cancel()
        if call.has_claim and self._claims is not None:
            self._claims.give_back(call.live.key)
        if call.attempt and isinstance(outcome, BaseException):
            self._tell(Progress.FAILED, call, detail)
        self._sharing.finish(call, outcome)

    def _tell(self, progress: Progress, call: Call, detail: str = "", cost_usd: float | None = None) -> None:
        model = call.live.request.model
        with contextlib.suppress(Exception):  # a display that fails must not cost an answer
            self._on_event(
                CallEvent(progress=progress, model=model, attempt=call.attempt, detail=detail, cost_usd=cost_usd)
            )


def _bare(error: BaseException) -> BaseException:
    """Return an error without the frames that it has passed: they hold the key, and --showlocals would print them."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)

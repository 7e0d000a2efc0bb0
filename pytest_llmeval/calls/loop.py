"""Live calls: one asyncio loop on its own thread, the providers, the limit and the one retry layer.

Imported at the first live call, since importing asyncio costs what a whole replayed test does not.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pytest_llmeval.calls.events import CallEvent, Progress
from pytest_llmeval.calls.providers import Fault, Provider, address, is_direct
from pytest_llmeval.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmeval.records import Request, Response

MAX_ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 30.0
_CLOSING_S = 5.0
_HINTS = {
    400: "see what it said; messages and settings are sent as they were written",
    401: "set the provider's key in the environment, such as OPENAI_API_KEY",
    403: "see what the provider's key may use",
    404: "see the model's name and api_base",
    429: "raise the provider's limits, or run again later: what was answered is stored and not asked twice",
}
_HINT = "run again: what was answered is stored and not asked twice"


class Loop:
    """A running loop and the providers that live on it. Belongs to the process that made it.

    Args:
        concurrency: most requests in flight at a time.
        timeout_s: most seconds of one request, its retries and their pauses included, waiting for its turn not.
        on_event: told of every step, on the loop's thread.
    """

    def __init__(self, *, concurrency: int, timeout_s: float, on_event: Callable[[CallEvent], None]) -> None:
        self.pid = os.getpid()
        self._concurrency = concurrency
        self._timeout_s = timeout_s
        self._on_event = on_event
        self._slots = asyncio.Semaphore(concurrency)
        self._providers: dict[bool, Provider] = {}
        self._making = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llmeval-calls", daemon=True)
        self._thread.start()

    def ask(self, request: Request, keep: Callable[[Response], Response]) -> Response:
        """Ask and wait for the answer.

        Args:
            request: what is asked.
            keep: completes and stores the answer, on the loop's thread: an answer that is paid for is stored even
                if whoever waits for it is interrupted.

        Raises:
            ProviderError: every attempt failed, or one failed for good.
        """
        coroutine = self._ask(self._provider(request), request, keep)
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # after Ctrl-C; nothing happens to one that is done
            raise

    def close(self) -> None:
        """Give up what is in flight, close the connections and end the thread."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(_CLOSING_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _provider(self, request: Request) -> Provider:
        """Make a provider when it is first needed; in the caller's thread, because the imports take seconds."""
        is_over_wire = is_direct(request)
        with self._making:
            if is_over_wire not in self._providers:
                self._providers[is_over_wire] = self._made(is_over_wire=is_over_wire)
            return self._providers[is_over_wire]

    def _made(self, *, is_over_wire: bool) -> Provider:
        if is_over_wire:
            from pytest_llmeval.calls.providers.direct import Direct

            return Direct(concurrency=self._concurrency)
        from pytest_llmeval.calls.providers.litellm import LiteLLM

        return LiteLLM()

    async def _ask(self, provider: Provider, request: Request, keep: Callable[[Response], Response]) -> Response:
        remaining_s = self._timeout_s
        for attempt in itertools.count(1):
            async with self._slots:
                self._tell(Progress.ASKED, request, attempt)
                started = time.monotonic()
                try:
                    response = await provider.complete(request, timeout_s=remaining_s)
                except Fault as caught:
                    fault = caught
                else:
                    self._tell(Progress.ANSWERED, request, attempt)
                    return keep(response)
            # The slot is given back, so that others go on while this one waits.
            pause_s = _pause_s(fault, attempt)
            remaining_s -= time.monotonic() - started + pause_s
            if not fault.may_pass or attempt == MAX_ATTEMPTS or remaining_s <= 0:
                self._tell(Progress.FAILED, request, attempt, fault.what)
                raise _failure(fault, request, attempt)
            self._tell(Progress.RETRIED, request, attempt, fault.what)
            await asyncio.sleep(pause_s)
        raise AssertionError("unreachable: the loop above has no end")  # for the type checker

    def _tell(self, progress: Progress, request: Request, attempt: int, detail: str = "") -> None:
        self._on_event(CallEvent(progress=progress, model=request.model, attempt=attempt, detail=detail))

    async def _shut(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for provider in self._providers.values():
            await provider.close()


def _pause_s(fault: Fault, attempt: int) -> float:
    """Seconds before the next attempt: what the provider asks for, else twice as long each time, with jitter."""
    asked_s = _retry_after_s(fault.retry_after)
    if asked_s is not None:
        return min(asked_s, MAX_PAUSE_S)
    pause_s: float = FIRST_PAUSE_S * 2 ** (attempt - 1)
    return pause_s * random.uniform(0.5, 1.0)  # noqa: S311  (spreads retries; no secret hangs on it)


def _retry_after_s(value: str) -> float | None:
    """Read a Retry-After header, in seconds from now, never negative; None where it is absent or unreadable.

    Source:
        RFC 9110 section 10.2.3: a number of seconds, or an HTTP date.
    """
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _failure(fault: Fault, request: Request, n_attempts: int) -> ProviderError:
    times = "1 attempt" if n_attempts == 1 else f"{n_attempts} attempts"
    return ProviderError(
        f"no answer from {address(request)}: {fault.what} (model {request.model!r}, {times})",
        found=fault.found,
        hint=_HINTS.get(fault.status or 0, _HINT),
    )

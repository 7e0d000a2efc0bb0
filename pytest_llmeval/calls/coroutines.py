"""Await a response from anywhere, and run a coroutine in the caller's thread as far as it goes without waiting.

A stored answer must not cost a trip to another thread: an async metric whose judge calls are all replayed never leaves
the test's own. Only at the first call that has to be waited for does the coroutine move to the loop, as it stands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import coming_of, land

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class OnLoop:
    """A future as the loop's own thread sees it: waiting there would wait for ever.

    Args:
        future: of a call that runs on this loop.
    """

    def __init__(self, future: Future[Any]) -> None:
        self.future = future

    def done(self) -> bool:
        """Whether the answer is there."""
        return self.future.done()

    def result(self) -> Any:  # noqa: ANN401 - the record
        """Return the answer.

        Raises:
            UsageError: it is not there yet.
        """
        if not self.future.done():
            raise UsageError(
                "an async metric cannot wait for a call without await",
                found="it runs between the calls of other tests, and would stop them all",
                hint="write: await judge.acall(...)",
            )
        return self.future.result()


async def landed(record: T) -> T:
    """Wait for a record in any event loop, asyncio's or trio's, and return it as the plain one.

    Raises:
        LlmevalError: what went wrong on its way.
    """
    coming: Any = coming_of(record)
    if coming is not None and not coming.done():
        future = coming.future if isinstance(coming, OnLoop) else coming
        trio = sys.modules.get("trio")
        if trio is not None and trio.lowlevel.in_trio_run():
            await trio.to_thread.run_sync(future.exception)
        else:
            await _Arrival(future)
    return land(record)


async def paused(seconds: float) -> None:
    """Sleep in any event loop, asyncio's or trio's."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        await trio.sleep(seconds)
    else:
        import asyncio

        await asyncio.sleep(seconds)


def begin(coroutine: Coroutine[Any, Any, T], spawn: Callable[[Coroutine[Any, Any, T]], Future[T]]) -> T | Future[T]:
    """Run a coroutine in this thread until it has to wait; from there on the loop.

    No event loop runs here: until its first call that is not stored, the coroutine may await nothing but ``landed``.

    Args:
        coroutine: not begun yet.
        spawn: runs the rest on the loop.

    Returns:
        its value, or where it has to wait the future of it.
    """
    try:
        waits_for = coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    return spawn(_continued(coroutine, waits_for))


class _Arrival:
    """Waits for a future: on the running asyncio loop, or, under ``begin``, by naming it."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, None]:
        asyncio = sys.modules.get("asyncio")
        if asyncio is None or asyncio._get_running_loop() is None:  # noqa: SLF001 - get_running_loop() raises instead
            yield self._future
            return
        arrival = asyncio.wrap_future(self._future)
        # Its error is raised by land(), from a frame that is the user's business.
        yield from asyncio.wait([arrival]).__await__()
        if not arrival.cancelled():
            arrival.exception()


class _Rest:
    """What remains of a coroutine that was begun by hand; ``await coroutine`` takes only a fresh one."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        resume: Callable[[], Any] = lambda: self._coroutine.send(None)  # noqa: E731 - replaced below
        while True:
            try:
                waits_for = resume()
            except StopIteration as stop:
                return stop.value
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - cancellation, and whatever else the loop throws in
                resume = _throwing(self._coroutine, error)
            else:
                resume = _sending(self._coroutine)


def _throwing(coroutine: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(error)


def _sending(coroutine: Coroutine[Any, Any, Any]) -> Callable[[], Any]:
    return lambda: coroutine.send(None)


async def _continued(coroutine: Coroutine[Any, Any, T], waits_for: Future[Any] | None) -> T:
    if waits_for is not None:
        await _Arrival(waits_for)
    rest: T = await _Rest(coroutine)
    return rest


async def bounded(coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """Run a coroutine on the loop, and give it up after a time: a metric that never ends would hold up its test.

    Raises:
        UsageError: the time is over.
    """
    import asyncio

    try:
        async with asyncio.timeout(timeout_s) as limit:
            return await coroutine
    except TimeoutError:
        if not limit.expired():
            raise
        raise UsageError(
            f"an async metric gave no result within {timeout_s:.0f} s",
            hint="see what it waits for; llmeval_timeout_s sets the limit (a call's; a metric has ten times as long)",
        ) from None

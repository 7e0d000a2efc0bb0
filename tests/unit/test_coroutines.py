"""Coroutines that begin in the caller's thread, and go on on a loop from where they have to wait."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest

from pytest_llmeval.calls.coroutines import OnLoop, begin, bounded, landed
from pytest_llmeval.errors import ProviderError, UsageError
from pytest_llmeval.records import PendingResponse, Request, Response

ASKED = Request(model="openai/m", messages=())
PLAIN = Response(text="Hello", request=ASKED)


@pytest.fixture
def spawn():
    """Run coroutines on a loop of another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def lengths(*records):
    """An async metric: read records one after the other, and say in which thread it ended."""
    texts = [(await landed(record)).text for record in records]
    return texts, threading.get_ident()


def refuse(coroutine):
    """Nothing is to be spawned."""
    raise AssertionError(coroutine)


def test_what_is_there_needs_no_loop():
    """Stored answers: the coroutine ends in the caller's own thread."""
    assert (["Hello", "Hello"], threading.get_ident()) == begin(lengths(PLAIN, PLAIN), refuse)


def test_from_its_first_wait_on_it_runs_on_the_loop(spawn):
    """With what it had done before done once, and every later wait on the loop too."""
    futures = [Future(), Future()]
    pending = [PendingResponse(future, request=ASKED) for future in futures]

    begun = begin(lengths(PLAIN, *pending, PLAIN), spawn)

    assert isinstance(begun, Future)
    assert not begun.done()
    for future in futures:
        future.set_result(PLAIN)
    texts, thread = begun.result(10)
    assert ["Hello"] * 4 == texts
    assert thread != threading.get_ident()


def test_errors_reach_it_where_it_waits(spawn):
    """So that a metric can catch what a provider did."""
    future = Future()

    async def careful(record):
        try:
            return await landed(record)
        except ProviderError as error:
            await asyncio.sleep(0)
            return error.what

    begun = begin(careful(PendingResponse(future, request=ASKED)), spawn)
    future.set_exception(ProviderError("HTTP 500"))

    assert "HTTP 500" == begun.result(10)


def test_an_error_of_its_own_is_raised_at_once():
    """In the caller's thread, where the check stands."""

    async def broken():
        raise ValueError("broken metric")

    with pytest.raises(ValueError, match="broken metric"):
        begin(broken(), refuse)


def test_a_running_loop_of_the_users_is_not_blocked():
    """``await llm.acall()`` in an async test: other tasks go on while it waits."""
    future = Future()
    steps = []

    async def other():
        steps.append("other")
        future.set_result(PLAIN)

    async def main():
        waiting = asyncio.create_task(landed(PendingResponse(future, request=ASKED)))
        await asyncio.sleep(0)
        await other()
        steps.append((await waiting).text)

    asyncio.run(main())

    assert ["other", "Hello"] == steps


def test_trio_waits_too():
    """Under anyio a test may run in either."""
    trio = pytest.importorskip("trio")
    future = Future()
    threading.Timer(0.05, future.set_result, [PLAIN]).start()

    assert "Hello" == trio.run(landed, PendingResponse(future, request=ASKED)).text


def test_waiting_without_await_on_the_loop_is_an_error_and_not_a_deadlock():
    """A metric that writes ``judge(...).text`` in place of ``await judge.acall(...)``."""
    future = Future()
    response = PendingResponse(OnLoop(future), request=ASKED)
    with pytest.raises(UsageError, match=r"await judge\.acall"):
        _ = response.text

    future.set_result(PLAIN)

    assert "Hello" == response.text


def test_a_metric_that_never_ends_is_given_up(spawn):
    """After its time, with a word that says so; its own TimeoutError stays its own."""

    async def forever():
        await asyncio.Event().wait()

    async def own():
        raise TimeoutError("mine")

    with pytest.raises(UsageError, match="no result within 0 s"):
        spawn(bounded(forever(), 0.05)).result(10)
    with pytest.raises(TimeoutError, match="mine"):
        spawn(bounded(own(), 10)).result(10)


def test_asyncio_is_not_imported_for_what_is_there():
    """Importing it costs more than replaying a hundred answers."""
    source = "import sys, pytest_llmeval.calls.coroutines; sys.exit('asyncio' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", source], check=False).returncode  # noqa: S603

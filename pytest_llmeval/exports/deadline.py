"""An export may take so long, and no longer: a server that hangs or drips does not hold up the end of a test run."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def within(limit_s: float, what: str, work: Callable[[], T]) -> T:
    """Return what ``work`` returns, or give it up.

    A library's own timeout is one of each read, which a server that sends a byte a second never exceeds.

    Args:
        limit_s: most seconds.
        what: is sent where, for the error; it holds no secret.
        work: runs on a thread of its own, which dies with the process where it was given up.

    Raises:
        LlmevalError: the time was over first; how much of the work was done is not known.
        Exception: what ``work`` raised.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, name="llmeval-export", daemon=True).start()
    try:
        return done.result(timeout=limit_s)
    except TimeoutError:
        if done.done():  # the work's own
            raise
        raise LlmevalError(
            f"{what} was given up",
            found=f"it was not done after {limit_s:g} s",
            hint="see that the server answers, and send the session again later",
        ) from None

"""The recorder of the test that is running, found from anywhere in the user's code.

One test runs at a time in a process, but its checks may stand in another thread, or in a task whose context is that of
an earlier test (anyio keeps one runner for a module), so a context variable would name the wrong test, or none. It is
a stack, because a pytest run inside a test (pytester) has tests of its own, on top of ours until they end.

It holds what makes a recorder: a test that makes no check and no call never builds one, and this module alone is
cheap enough to import for every test.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmeval.calls.client import Client
    from pytest_llmeval.gather.recorder import Recorder


class Running(Protocol):
    """The test that is running."""

    def recorder(self) -> Recorder:
        """Return its recorder, which is made when it is first asked for."""

    def client(self) -> Client:
        """Return what it asks the model under test with."""


_RUNNING: list[Running | None] = []


def begin(test: Running | None) -> None:
    """Make a test the running one; None is a test whose checks are nobody's."""
    _RUNNING.append(test)


def end() -> None:
    """Make the test that ran before the running one again."""
    _RUNNING.pop()


def test() -> Running | None:
    """Return the running test; None outside a test, and where checks are nobody's."""
    return _RUNNING[-1] if _RUNNING else None


@contextmanager
def nobodys() -> Iterator[None]:
    """Let checks inside be nobody's: they raise where they stand, and are not recorded."""
    begin(None)
    try:
        yield
    finally:
        end()


def recorder() -> Recorder | None:
    """Return the recorder of the running test; None as ``test`` does."""
    running = test()
    return running.recorder() if running else None

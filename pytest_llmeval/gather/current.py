"""The recorder of the test that is running, found from anywhere in the user's code.

One test runs at a time in a process, but its checks may stand in another thread, or in a task whose context is that of
an earlier test (anyio keeps one runner for a module), so a context variable would name the wrong test, or none. It is
a stack, because a pytest run inside a test (pytester) has tests of its own, on top of ours until they end.

It holds factories: a test that makes no check and no call never builds a recorder, and this module alone is cheap
enough to import for every test.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmeval.gather.recorder import Recorder

_RUNNING: list[Callable[[], Recorder] | None] = []


def begin(factory: Callable[[], Recorder] | None) -> None:
    """Make a test the running one; None is a test whose checks are nobody's."""
    _RUNNING.append(factory)


def end() -> None:
    """Make the test that ran before the running one again."""
    _RUNNING.pop()


@contextmanager
def nobodys() -> Iterator[None]:
    """Let checks inside be nobody's: they raise where they stand, and are not recorded."""
    begin(None)
    try:
        yield
    finally:
        end()


def recorder() -> Recorder | None:
    """Return the recorder of the running test; None outside a test, and where checks are nobody's."""
    factory = _RUNNING[-1] if _RUNNING else None
    return factory() if factory else None

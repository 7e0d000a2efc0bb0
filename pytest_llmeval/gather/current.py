"""The recorder of the test that is running, found from anywhere in the user's code.

A context variable, so that a pytest run inside a test (pytester) has its own. It holds a factory: a test that
makes no check and no call never builds a recorder, and this module alone is cheap enough to import for every test.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmeval.gather.recorder import Recorder

RECORDER: ContextVar[Callable[[], Recorder] | None] = ContextVar("llmeval_recorder", default=None)


def recorder() -> Recorder | None:
    """Return the recorder of the running test, or None outside a test."""
    factory = RECORDER.get()
    return factory() if factory else None

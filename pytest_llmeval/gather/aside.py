"""Inside ``with llmeval.raises()``: the running test's checks raise where they stand, and nobody keeps them.

They know what the test's other checks know: its case, its answers, its judge. What a judge is asked for them belongs to
the trial as all its calls do, for it is recorded, replayed and paid for.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather import current
from pytest_llmeval.gather.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llmeval.calls.client import Client
    from pytest_llmeval.gather.over_trials import Share
    from pytest_llmeval.records import Check, Score


class _Aside(Recorder):
    """Stands in for a test's recorder.

    Args:
        behind: that one.
    """

    def __init__(self, behind: Recorder) -> None:
        super().__init__(
            nodeid=behind.nodeid,
            id=behind.id,
            case=behind.case,
            suite=behind.suite,
            n_trials=behind.n_trials,
            input_hash=behind.input_hash,
            is_eager=True,
            root=behind.root,
            test_code=None,
            desk=behind.desk,
            arm=behind.arm,
        )
        self.trial, self.judge_calls, self.is_open = behind.trial, behind.judge_calls, behind.is_open
        for response in behind.calls:
            self.add_call(response)

    def add_over_trials(
        self,
        check: Check,
        read: Callable[[], Share],  # noqa: ARG002 - as the recorder has it
        measure: Callable[[Sequence[str]], Score],  # noqa: ARG002
    ) -> None:
        """Refuse: its value comes after the last trial, and whoever expects it to fail waits here."""
        raise UsageError(
            f"{check.score.metric} compares the trials of a case, and has no value inside llmeval.raises()",
            hint="give it the answers to compare, as a list",
        )


class _Running:
    """The running test, with another recorder."""

    def __init__(self, test: current.Running | None, recorder: Recorder) -> None:
        self._test, self._recorder = test, recorder

    def recorder(self) -> Recorder:
        return self._recorder

    def client(self) -> Client:
        if self._test is None:
            raise UsageError("no test is running that could ask a model")
        return self._test.client()


@contextmanager
def aside(recorder: Recorder) -> Iterator[None]:
    """Let checks inside know a test, raise at once, and not be part of it.

    Args:
        recorder: of the test.
    """
    current.begin(_Running(current.test(), _Aside(recorder)))
    try:
        yield
    finally:
        current.end()

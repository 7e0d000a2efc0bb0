"""The application's own calls around every item: whose they are, and what becomes of a test that gets no answer.

Registered only where a test asks for it: ``intercept=True``, the fixture ``llmeval_intercept``, the ini.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.calls.guard import said
from pytest_llmeval.errors import CacheMiss, ProviderError, UsageError
from pytest_llmeval.intercept import current, faults
from pytest_llmeval.intercept.clients import NAMES, patch
from pytest_llmeval.intercept.endpoints import Endpoints
from pytest_llmeval.intercept.imports import Patching
from pytest_llmeval.intercept.interception import Unanswered
from pytest_llmeval.plugin import items
from pytest_llmeval.plugin.redaction import redact_of
from pytest_llmeval.plugin.state import RECORDER

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from pytest_llmeval.errors import LlmevalError
    from pytest_llmeval.intercept.interception import Interception
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Response


def take_part(config: pytest.Config, state: State) -> None:
    """See the calls of this run, until pytest ends."""
    patching = Patching(NAMES, patch)
    patching.begin()
    config.add_cleanup(patching.end)
    config.pluginmanager.register(Intercepting(state), "llmeval_intercepting")


class CallScope:
    """The calls of one trial of a test, or of one set-up of a fixture that several tests share.

    Args:
        state: this process's share of the session.
        endpoints: the addresses whose calls are recorded.
        item: the test; a shared fixture's calls are of no case, and fail the first test that asks for it.
        fixture: the file of that fixture, beside which its calls are recorded; None for a test.

    Attributes:
        error: the first error of ours that was raised in the application.
    """

    def __init__(self, state: State, endpoints: Endpoints, item: pytest.Item, fixture: Path | None = None) -> None:
        self.endpoints = endpoints
        self.error: LlmevalError | None = None
        self.nodeid = item.nodeid
        self.path = fixture or item.path
        self._state = state
        self._item = item
        self._is_shared = fixture is not None
        recorder = item.stash.get(RECORDER, None)  # one that is not made yet would be at its first trial
        self.trial = None if fixture is not None else recorder.trial if recorder is not None else 0

    @cached_property
    def _interception(self) -> Interception:
        if not self._is_shared:
            self._state.recorder_of(self._item)  # a test that asks a model is an LLM test, also if it gets no answer
        return self._state.backend.interception(self)

    def interception(self) -> Interception:
        """See ``intercept.current.Scope``."""
        return self._interception

    def note(self, place: int, response: Response) -> None:
        """Keep an answer with its trial; one that comes when the trial is over is nobody's."""
        if not self._is_shared:
            recorder = self._state.recorder_of(self._item)
            if recorder.is_open and recorder.trial == self.trial:
                recorder.add_own_call(place, response)

    def note_error(self, error: LlmevalError) -> None:
        """Fail the test for an error, whoever catches it."""
        self.error = self.error or error
        if isinstance(error, CacheMiss):
            self._state.recorder_of(self._item).has_miss = True


class Intercepting:
    """What happens around each item.

    Args:
        state: this process's share of the session.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._endpoints = Endpoints([*state.settings.intercept_hosts, state.settings.api_base])
        self._scope: CallScope | None = None

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """No call is a test's before its set-up (:hook:`pytest_runtest_protocol`)."""
        current.begin(None)
        try:
            return (yield)
        finally:
            current.end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """From here on calls are this trial's (:hook:`pytest_runtest_setup`)."""
        is_intercepted = items.is_intercepted(item, self._state.settings)
        if is_intercepted and redact_of(item) is not None:
            raise UsageError(
                f"{item.nodeid}: calls that are intercepted cannot be redacted",
                found="a hook pytest_llmeval_redact, and requests that the application itself sends as they are",
                hint="redact in the application, or take the test out: @pytest.mark.llmeval(intercept=False)",
            )
        self._scope = CallScope(self._state, self._endpoints, item) if is_intercepted else None
        current.end()
        current.begin(self._scope)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """A shared fixture's calls are recorded beside the fixture: which test meets it first depends on the workers.

        (:hook:`pytest_fixture_setup`)
        """
        scope = self._scope
        if scope is not None and fixturedef.scope != "function":
            file = inspect.getsourcefile(inspect.unwrap(fixturedef.func))
            item = request._pyfuncitem  # noqa: SLF001 - the item for which it is set up
            scope = CallScope(self._state, self._endpoints, item, Path(file) if file else item.path)
        current.begin(scope)
        try:
            with _in_our_words():
                result = yield
        finally:
            current.end()
        if scope is not self._scope and scope is not None and scope.error is not None:
            raise scope.error
        return result

    @pytest.hookimpl(trylast=True, wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Fail the test for a call without an answer, also where its application went on.

        A provider that could not answer says nothing of quality: that trial is unscored.
        (:hook:`pytest_runtest_call`)
        """
        __tracebackhide__ = True
        with _in_our_words():
            result = yield
        if self._scope is not None and self._scope.error is not None:
            raise self._scope.error
        return result


@contextmanager
def _in_our_words() -> Generator[None]:
    """Raise what the application was refused, and what its provider could not answer, as errors of ours."""
    __tracebackhide__ = True
    try:
        yield
    except Unanswered as unanswered:
        raise unanswered.error.with_traceback(_of_application(unanswered.__traceback__)) from None
    except Exception as error:
        fault = faults.found(error)
        if fault is None:
            raise
        raise ProviderError(
            f"the application's provider gave no answer: {said(fault)}",
            hint="run again: what was answered is stored and not asked twice",
        ) from error


def _of_application(steps: TracebackType | None) -> TracebackType | None:
    """Cut a traceback where the application calls its client: what follows is code of neither of us."""
    step = steps
    while step is not None and step.tb_next is not None:
        if step.tb_next.tb_frame.f_globals.get("__name__", "").partition(".")[0] in faults.CLIENTS:
            step.tb_next = None
            break
        step = step.tb_next
    return steps

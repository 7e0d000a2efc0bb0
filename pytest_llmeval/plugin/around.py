"""The hooks around every item, in the order in which pytest calls them.

Registered when the collected tests may call or check something of ours: a foreign suite pays for none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.gather import current
from pytest_llmeval.plugin import items, landing
from pytest_llmeval.plugin.state import RECORDER

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_llmeval.calls.client import Client
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.plugin.state import State


class Running:
    """The test that is running, for whoever asks: ``assert_*`` and the fixture ``llm``.

    Args:
        state: this process's share of the session.
        item: the test.
    """

    __slots__ = ("_item", "_state")

    def __init__(self, state: State, item: pytest.Item) -> None:
        self._state = state
        self._item = item

    def recorder(self) -> Recorder:
        """See ``gather.current.Running``."""
        return self._state.recorder_of(self._item)

    def client(self) -> Client:
        """See ``gather.current.Running``."""
        return self._state.backend.client(self._item, self.recorder(), items.marked(self._item))


class Around:
    """What happens around each item, LLM test or not.

    Args:
        state: this process's share of the session.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Make the item's recorder findable from anywhere in the user's code (:hook:`pytest_runtest_protocol`)."""
        current.begin(Running(self._state, item))
        try:
            return (yield)
        finally:
            current.end()
            # pytest keeps every item to the end of the session; what has ridden home need not stay with it.
            if RECORDER in item.stash:
                del item.stash[RECORDER]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin again where another plugin reruns the item: only its last run counts (:hook:`pytest_runtest_setup`)."""
        fault = self._state.faults.get(item.nodeid)
        if fault is not None:
            raise fault
        recorder = item.stash.get(RECORDER, None)
        if recorder is not None and recorder.n_trials == 1:
            recorder.start_trial(0)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """A check in a wide fixture is of no case: which test meets it first depends on the workers.

        It raises where it stands, and is not recorded (:hook:`pytest_fixture_setup`).
        """
        if self._state.flight is not None:
            self._state.flight.note_fixture(fixturedef, request)
        if fixturedef.scope == "function":
            return (yield)
        with current.nobodys():
            return (yield)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """The test's checks have been judged, or are in flight: one in a fixture's end raises there.

        What a fixture's end would take from a call in flight is waited for (:hook:`pytest_runtest_teardown`).
        """
        if self._state.flight is not None:
            self._state.flight.wait_for_fixtures(item, nextitem)
        current.begin(None)
        try:
            return (yield)
        finally:
            current.end()

    @pytest.hookimpl(trylast=True, wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Innermost: after the body, fail the test for its failing checks (:hook:`pytest_runtest_call`)."""
        __tracebackhide__ = True
        try:
            result = yield
        except BaseException as error:
            if RECORDER in item.stash and landing.end_body(item, error):
                return None
            raise
        if RECORDER in item.stash:
            landing.end_body(item, None)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let scores and plan ride on the report, which outlives a worker (:hook:`pytest_runtest_makereport`)."""
        report = yield
        if call.when != "teardown" and (RECORDER in item.stash or item.nodeid in self._state.planned):
            if call.when == "setup" and call.excinfo is not None:
                landing.note_setup_error(item, call.excinfo.value)
            landing.attach(item, report)
        return report

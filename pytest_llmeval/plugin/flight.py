"""Many tests in flight: a test whose checks wait for a provider is parked when its body has ended, and lands later.

``Flight`` runs the items, parks those that wait, and lands them in the order in which they were run. ``Landings`` is
the outermost hook around every item, of anybody's: what waits there is charged to no test's timeout.
"""

from __future__ import annotations

import time
from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.plugin import landing, waiting, workers
from pytest_llmeval.plugin.around import Around
from pytest_llmeval.plugin.barrier import Barrier
from pytest_llmeval.plugin.retests import STOPPED, Retests
from pytest_llmeval.plugin.run import Run, leave
from pytest_llmeval.plugin.state import RECORDER

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.plugin.state import State

# Parked tests for each connection: enough that none idles while the oldest test, which lands first, is still waiting.
_PARKED_PER_CALL = 4


def take_part(config: pytest.Config, state: State) -> None:
    """Register what goes on around the items of this run."""
    register = config.pluginmanager.register
    register(Around(state), "llmeval_around")
    if state.intercepts:
        from pytest_llmeval.plugin import intercepting

        intercepting.take_part(config, state)
    if state.needs_flight:
        state.flight = Flight(config, state)
        register(state.flight, "llmeval_flight")
        # Last, and so the outermost.
        register(Landings(state.flight), "llmeval_landings")


class Flight:
    """All parked tests of one process.

    Args:
        config: pytest's configuration.
        state: this process's share of the session.
    """

    def __init__(self, config: pytest.Config, state: State) -> None:
        self._config = config
        self._state = state
        self._parked: deque[Run] = deque()
        self._window = _PARKED_PER_CALL * state.settings.concurrency
        self._barrier = Barrier()
        self._running: Run | None = None
        self._may_hold = False
        # Just run, and waits for nothing; lands behind those that ran before it and have finished.
        self._ready: Run | None = None
        self._retests = Retests(state)
        self._last: pytest.Item | None = None
        self._is_closed = False
        # How long the teardown that is running has waited for what its fixtures' end would take away.
        self._waited_s = 0.0
        self._must_wait: bool | None = None
        self._is_told = False

    @cached_property
    def _worker(self) -> Any:  # noqa: ANN401 - xdist's own, which has no public type
        return workers.interactor(self._config)

    # -- running one item -----------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a case that may wait, or has several trials; leave every other test to pytest."""
        if self._is_closed:
            return True
        self._last = item
        again = self._retests.take(item)
        if again is not None:
            self._execute(again, nextitem, may_park=True)
            return True
        planned = self._state.planned.get(item.nodeid)
        if planned is None or item.config.getoption("setuponly", False):
            return None
        may_park = self._may_park(item)
        if planned.n_trials == 1 and not may_park:
            return None
        self._fly(Run(item, self._state.recorder_of(item), planned.n_trials), nextitem, may_park=may_park)
        return True

    def _fly(self, run: Run, nextitem: pytest.Item | None, *, may_park: bool) -> None:
        item = run.item
        run.index = self._worker.item_index if self._worker is not None else None
        # In a serial run all reports of a parked test come together when it lands, or they would stand behind another
        # file's name. A worker's controller puts them in order, and must know at once what has begun.
        run.is_announced = run.index is not None or not may_park
        if run.is_announced:
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._execute(run, nextitem, may_park=may_park)

    def _execute(self, run: Run, nextitem: pytest.Item | None, *, may_park: bool) -> None:
        self._running, self._may_hold = run, may_park
        run.execute(nextitem)
        self._running = None
        if run.recorder.coming and not run.recorder.is_judged:
            self._parked.append(run)
        elif run.is_announced and run.index is None:
            self._land(run)
        else:
            self._ready = run

    def holds(self, item: pytest.Item) -> bool:
        """Whether the checks of the item whose body has just ended may land later."""
        return self._may_hold and self._running is not None and self._running.item is item

    def may_retest(self, item: pytest.Item) -> bool:
        """Whether the item whose body has just ended may be drawn again, so that nobody is to judge it yet."""
        return self.holds(item) and self._state.is_adaptive(item.stash[RECORDER].nodeid)

    def _may_park(self, item: pytest.Item) -> bool:
        is_adaptive = self._state.is_adaptive(item.nodeid)
        if self._must_wait is None:
            why = waiting.reason(self._config)
            self._must_wait = bool(why)
            if why:
                so = ", and no case is drawn again" if is_adaptive else ""
                self._state.notify(f"llmeval: every test waits for its own checks{so}: {why}")
        is_rerun = waiting.is_rerun(item)
        if is_rerun and is_adaptive and not self._is_told:
            self._is_told = True
            self._state.notify(f"llmeval: {waiting.RERUN}")
        # What is replayed waits for nothing; but a case that looks bad may have more trials in the recordings.
        return not (self._must_wait or is_rerun or (self._state.settings.cache == "replay" and not is_adaptive))

    # -- fixtures -------------------------------------------------------------------------------------------------

    def note_fixture(self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
        """Note a fixture that a call in flight may still need."""
        self._barrier.note(fixturedef, request)

    def wait_for_fixtures(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Before an item's teardown: let the tests of a fixture that ends there land their calls."""
        recorders = [item.stash[RECORDER]] if RECORDER in item.stash and self._barrier.is_short(item) else []
        leaving = self._barrier.leaving(item, nextitem)
        if leaving:
            recorders += [run.recorder for run in self._parked if leaving.intersection(run.item.listchain())]
            recorders += [item.stash[RECORDER]] if RECORDER in item.stash else []
        if any(recorder.coming for recorder in recorders):
            self._wait(item, recorders)

    def _wait(self, item: pytest.Item, recorders: list[Recorder]) -> None:
        """Wait inside the protocol of an item, whose own time this is not."""
        began = time.perf_counter()
        if item.config.pluginmanager.has_plugin("timeout"):
            item.ihook.pytest_timeout_cancel_timer(item=item)
        for recorder in recorders:
            landing.wait(self._state, recorder)
        self._waited_s = time.perf_counter() - began

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """Take what was waited for others out of the time of a teardown."""
        if self._waited_s and call.when == "teardown":
            call.start += self._waited_s
            call.duration = max(0.0, call.duration - self._waited_s)
            self._waited_s = 0.0

    # -- landing --------------------------------------------------------------------------------------------------

    def before(self) -> None:
        """Make room for one more test; where the session is to stop, close instead."""
        self._land_finished()
        while len(self._parked) >= self._window and not self._is_stopping():
            self._land_next()
        self._close_if_stopping()

    def after(self, nextitem: pytest.Item | None) -> None:
        """Land what is there; after the last item, all."""
        self._land_finished()
        self._land_ready()
        while nextitem is None and self._parked and not self._is_stopping():
            self._land_next()
        while nextitem is None and not self._is_stopping() and self._retests.run():
            pass
        self._close_if_stopping()

    def end(self) -> None:
        """Whatever ended the loop of tests: land what is there without waiting, and drop the rest."""
        if not self._is_closed:
            self._land_finished()
            self._land_ready()
            for run in self._drawn_again():  # what they had before counts
                self._land(run)
            self._drop()

    def _drawn_again(self) -> list[Run]:
        """Give up the cases that are to be drawn again, or are just being, and return them as they were before."""
        again = [run for run in (self._running, *self._parked) if run is not None and run.recorder.n_kept]
        for run in again:
            run.cut_back(STOPPED)
        self._parked = deque(run for run in self._parked if not run.recorder.n_kept)
        self._running = self._running if self._running not in again else None
        return [*self._retests.give_up(), *again]

    def _land_finished(self) -> None:
        while self._parked and not self._is_stopping() and not self._parked[0].recorder.coming:
            self._land(self._parked.popleft())

    def _land_ready(self) -> None:
        if self._ready is not None and not self._is_stopping():
            run, self._ready = self._ready, None
            self._land(run)

    def _land_next(self) -> None:
        landing.wait(self._state, self._parked[0].recorder)
        self._land(self._parked.popleft())

    def _land(self, run: Run) -> None:
        """Judge a test whose checks are all there, and log its reports, as if it had just run; or draw it again."""
        item, hook = run.item, run.item.ihook
        if self._retests.asks(run):
            return
        item.stash[RECORDER] = run.recorder
        reports = landing.landed(self._state, run)
        with workers.reporting(self._worker, run.index):
            if not run.is_announced:
                hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            for report in reports:
                # A set-up that passed may be out already: it tells the controller that the test has begun.
                if not (run.is_announced and report.when == "setup" and report.passed):
                    hook.pytest_runtest_logreport(report=report)
            hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        del item.stash[RECORDER]

    # -- stopping -------------------------------------------------------------------------------------------------

    def _is_stopping(self) -> bool:
        session = self._last.session if self._last is not None else None
        return session is not None and bool(session.shouldfail or session.shouldstop)

    def _close_if_stopping(self) -> None:
        if self._is_closed or not self._is_stopping():
            return
        self._is_closed = True
        given_up = self._drop()
        # What they raised at their end is known, and may be a wide fixture's: it is nobody else's to report.
        for run in given_up:
            with workers.reporting(self._worker, run.index):
                for report in run.failed_ends():
                    run.item.ihook.pytest_runtest_logreport(report=report)
        if self._last is not None:
            # The last test was torn down for a next one that does not come: what that one needs is still up.
            for report in leave(self._last, None):
                self._last.ihook.pytest_runtest_logreport(report=report)

    def _drop(self) -> list[Run]:
        """Give up all parked tests, and return them."""
        # Interrupted in its teardown, a test has run and is reported by nobody.
        cut = self._running if self._running is not None and self._running.body_ended_s else None
        given_up = [*self._parked, *(run for run in (self._ready, cut) if run is not None), *self._retests.give_up()]
        self._parked.clear()
        self._ready = self._running = None
        self._state.drop([run.item.nodeid for run in given_up])
        workers.send_dropped(self._config, self._state.dropped)
        return given_up


class Landings:
    """The outermost hook around every item, LLM test or not.

    Args:
        flight: what lands there.
    """

    def __init__(self, flight: Flight) -> None:
        self._flight = flight

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, nextitem: pytest.Item | None) -> Generator[None, object, object]:
        """Land what has finished, before and after."""
        self._flight.before()
        result = yield
        self._flight.after(nextitem)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Lose nothing that has finished, whatever ends the loop."""
        try:
            return (yield)
        finally:
            self._flight.end()

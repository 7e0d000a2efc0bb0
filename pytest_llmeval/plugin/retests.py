"""Cases that are drawn again: set aside when their first trials have landed, and run once more after the last test.

By pytest's own protocol, all of its plug-ins around each: fixtures are set up anew, and what waits for a provider is in
flight with the others. Not at once, where a case landed: its module's fixtures, and another test's, are up by then.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_llmeval.plugin.state import RECORDER

if TYPE_CHECKING:
    import pytest

    from pytest_llmeval.plugin.run import Run
    from pytest_llmeval.plugin.state import State


class Retests:
    """The suspicious cases of one process.

    Args:
        state: its share of the session.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._runs: dict[str, Run] = {}
        self._is_running = False
        self._is_over = False

    def asks(self, run: Run) -> bool:
        """Set a landed case aside if its scores ask for more trials; nobody judges it before it has had them."""
        if self._is_over or not self._state.is_adaptive(run.recorder) or not run.may_be_extended:
            return False
        run.recorder.settle()
        n_trials = self._state.trials.wanted(run.recorder) if run.recorder.fault is None else run.n_trials
        if n_trials <= run.n_trials:
            return False
        run.extend(n_trials)
        self._runs[run.recorder.nodeid] = run
        return True

    def take(self, item: pytest.Item) -> Run | None:
        """Return the run that an item goes on with, where it is drawn again."""
        run = self._runs.pop(item.nodeid, None) if self._runs else None
        if run is not None:
            item.stash[RECORDER] = run.recorder
        return run

    def run(self) -> bool:
        """Run all that were set aside, once; more may be by then. False where there are none, or they are running."""
        if self._is_running or not self._runs:
            return False
        self._is_running = True
        items = [run.item for run in self._runs.values()]
        for item, nextitem in zip_longest(items, items[1:]):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        self._is_running = False
        return True

    def give_up(self) -> list[Run]:
        """Draw nothing more, and return the cases that were to be drawn again."""
        self._is_over = True
        runs = list(self._runs.values())
        self._runs.clear()
        return runs

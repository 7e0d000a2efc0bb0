"""The collector: in the controller, it takes what rides on the reports and proves the session complete.

In: JSON texts of plans and case results, from any number of workers in any order. Out: results in one fixed order, and
the names of the tests that were planned and brought none.
"""

from __future__ import annotations

from pytest_llmeval.gather import wire
from pytest_llmeval.records import CaseResult, Plan, PlannedCase


class Collector:
    """All results of one session, one a test, whichever worker ran it."""

    def __init__(self) -> None:
        self._planned: dict[str, PlannedCase] = {}
        self._n_deselected = 0
        self._results: dict[str, CaseResult] = {}
        self._started: set[str] = set()

    def add_plan(self, text: str) -> None:
        """Take a worker's plan; every worker collects the same tests, so the first would do."""
        plan = wire.decode_plan(text)
        self._planned.update(plan.cases)
        self._n_deselected = max(self._n_deselected, plan.n_deselected)

    def add_start(self, nodeid: str) -> None:
        """Note that a test has begun."""
        self._started.add(nodeid)

    def add_result(self, text: str) -> None:
        """Take a case's result; a rerun replaces the result of the run before."""
        result = wire.decode(text)
        self._results[result.nodeid] = result

    @property
    def is_empty(self) -> bool:
        """Whether no LLM test was planned or run."""
        return not self._planned and not self._results

    def plan(self) -> Plan:
        """Return what was to be run, tests that showed themselves only while running included."""
        late = {
            nodeid: PlannedCase(id=result.id, suite=result.suite, n_trials=result.n_planned)
            for nodeid, result in self._results.items()
        }
        cases = {**late, **self._planned}
        return Plan(cases={nodeid: cases[nodeid] for nodeid in sorted(cases)}, n_deselected=self._n_deselected)

    def results(self) -> tuple[CaseResult, ...]:
        """Return the results, sorted by case."""
        return tuple(sorted(self._results.values(), key=lambda result: (result.id, result.nodeid)))

    def lost(self, *, was_stopped: bool) -> tuple[str, ...]:
        """Name the tests that should have brought a result and did not.

        Args:
            was_stopped: the session was ended on purpose (-x, Ctrl-C), so a test that never began is not lost.
        """
        expected = self._started if was_stopped else self._started | self._planned.keys()
        return tuple(sorted(nodeid for nodeid in expected if nodeid not in self._results))

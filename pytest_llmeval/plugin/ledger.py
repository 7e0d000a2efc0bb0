"""The controller's ledger of tests in flight in its workers: a worker that dies takes none of them in silence.

For xdist a parked test is done, so it does not miss its report; without the ledger, a run can lose tests and exit
with 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.plugin.state import cargo_of
from pytest_llmeval.plugin.workers import DROPPED, PLAN

if TYPE_CHECKING:
    from pytest_llmeval.plugin.state import State


class Ledger:
    """Which LLM tests have begun, and in which worker; registered where xdist is.

    Args:
        config: pytest's configuration.
        state: the controller's share of the session.
    """

    def __init__(self, config: pytest.Config, state: State) -> None:
        self._config = config
        self._state = state
        self._open: dict[str, dict[str, pytest.TestReport]] = {}
        self._lost: list[tuple[Any, pytest.TestReport]] = []
        self._finished: set[str] = set()

    @property
    def n_open(self) -> int:
        """How many tests have begun and not landed."""
        return sum(map(len, self._open.values()))

    def note(self, report: pytest.TestReport) -> None:
        """Take note of a report of an LLM test: its set-up opens it, the report with its result closes it."""
        node = getattr(report, "node", None)
        if node is None:
            return
        begun = self._open.setdefault(node.gateway.id, {})
        if cargo_of(report).get("result"):
            begun.pop(report.nodeid, None)
        else:
            begun[report.nodeid] = report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 - xdist's own
        """A worker ended: by itself, with a last word, or by a crash, and then what was open is lost.

        Where every worker before it died in the set-up of its first LLM test, the word has the only plan there is.
        """
        begun = self._open.pop(node.gateway.id, {})
        told, state = getattr(node, "workeroutput", {}), self._state
        state.dropped += told.get(DROPPED, [])
        if PLAN in told and not state.collector.n_planned:
            state.collector.add_plan_text(told[PLAN])
        if error:
            self._lost += [(node, report) for report in begun.values()]

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note a test whose reports are all there (:hook:`pytest_runtest_logfinish`)."""
        self._finished.add(nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        """The test that ran when its worker crashed is reported by xdist; the parked ones are reported here.

        While cases are drawn again, xdist takes the last test for the one that runs, though it has been reported: its
        report is turned into that of a lost one, or a test that passed would fail as well.
        """
        self._lost = [(node, begun) for node, begun in self._lost if begun.nodeid != crashitem]
        if crashitem in self._finished and self._lost:
            report.__dict__.update(_of_lost(*self._lost.pop(0)).__dict__)
        self.report_lost()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Any:  # noqa: ANN401 - the loop's own result
        """A worker that died with nothing left to run has no crashing test: its lost ones are reported at the end."""
        try:
            return (yield)
        finally:
            self.report_lost()

    def report_lost(self) -> None:
        """Log a failure for every test that had begun in a crashed worker and whose checks were never reported."""
        lost, self._lost = self._lost, []
        for node, begun in lost:
            self._config.hook.pytest_runtest_logreport(report=_of_lost(node, begun))


def _of_lost(node: Any, begun: pytest.TestReport) -> pytest.TestReport:  # noqa: ANN401 - xdist's own
    """Return the report of a test that had begun in a crashed worker."""
    report = pytest.TestReport(
        nodeid=begun.nodeid,
        location=begun.location,
        keywords=begun.keywords,
        outcome="failed",
        longrepr=f"worker {node.gateway.id!r} crashed before the checks of this test were reported",
        when="call",
    )
    report.node = node  # type: ignore[attr-defined] # as xdist does; the terminal names the worker
    return report

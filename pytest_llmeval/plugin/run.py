"""One item's run: its trials, each a whole run of the test (set-up, body, teardown), and their one report a phase."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import call_and_report  # what runtestprotocol, and so pytest-rerunfailures, stand on as well

if TYPE_CHECKING:
    from pytest_llmeval.gather.recorder import Recorder


@dataclass
class Run:
    """A test that has run, and whose checks have perhaps not.

    Args:
        item: the test.
        recorder: what it left.
        n_trials: how often it was to run.
        trials: the reports of each trial, phase by phase.
        body_ended_s: when its last body ended, on ``time.perf_counter``.
        is_announced: whether its start and its set-up have been logged.
        index: the item's number in a worker of xdist.
    """

    item: pytest.Item
    recorder: Recorder
    n_trials: int
    trials: list[list[pytest.TestReport]] = field(default_factory=list)
    body_ended_s: float = 0.0
    is_announced: bool = False
    index: int | None = None

    def execute(self, nextitem: pytest.Item | None) -> None:
        """Run the trials that are still to be run; ``nextitem`` is what pytest runs after the last."""
        properties = list(self.item.user_properties)
        for index in range(len(self.trials), self.n_trials):
            is_last = index == self.n_trials - 1
            if index:
                _renew(self.item, properties)
            if self.n_trials > 1:
                self.recorder.start_trial(index)
            # Not nextitem=item: pytest would take the item's own chain as still needed and tear nothing down.
            reports = self._phases(nextitem if is_last else copy.copy(self.item), is_first=index == 0)
            self.trials.append(reports)
            if not is_last and _must_stop(reports):
                self.trials.append(leave(self.item, nextitem))
                break

    def _phases(self, nextitem: pytest.Item | None, *, is_first: bool) -> list[pytest.TestReport]:
        """Do what pytest's own ``runtestprotocol`` does, without logging more than that an announced test has begun."""
        item = self.item
        has_request = hasattr(item, "_request")
        if has_request and not item._request:  # type: ignore[attr-defined] # noqa: SLF001 - as pytest's own does
            item._initrequest()  # type: ignore[attr-defined] # noqa: SLF001
        reports = [call_and_report(item, "setup", log=False)]
        if reports[0].passed:
            if is_first and self.is_announced:
                item.ihook.pytest_runtest_logreport(report=reports[0])
            reports.append(call_and_report(item, "call", log=False))
            self.body_ended_s = time.perf_counter()
        if item.session.shouldfail or item.session.shouldstop:
            nextitem = None
        reports.append(call_and_report(item, "teardown", log=False, nextitem=nextitem))
        if has_request:
            item._request = False  # type: ignore[attr-defined] # noqa: SLF001
            item.funcargs = None  # type: ignore[attr-defined]
        return reports

    def extend(self, n_trials: int) -> None:
        """Make it a test of more trials, of which those that have run are the first."""
        self.n_trials = self.recorder.n_trials = n_trials

    @property
    def may_be_extended(self) -> bool:
        """Whether every trial so far ran to its end, and nobody has judged the test."""
        return not (self.recorder.is_judged or self.recorder.is_eager or any(map(_must_stop, self.trials)))

    def merged(self) -> list[pytest.TestReport]:
        """Choose one report a phase: the first that failed, else the last; a call lasts as long as all its trials.

        A trial's body failed where the recorder says so: pytest calls the first trial of a strict xfail "failed"
        because its body passed, and knows nothing yet of its checks.
        """
        if self.n_trials == 1:
            return self.trials[0]
        by_phase: dict[str, list[pytest.TestReport]] = {}
        for report in (report for reports in self.trials for report in reports):
            by_phase.setdefault(report.when or "", []).append(report)
        if any(not report.passed for report in by_phase["setup"]):
            # As pytest has it: a test whose set-up fails or skips has no call.
            by_phase.pop("call", None)
        errors = [trial.index for trial in self.recorder.trials if trial.error and not trial.is_unscored]
        chosen = []
        for phase, reports in by_phase.items():
            if phase == "call":
                report = reports[min(errors[0], len(reports) - 1)] if errors else reports[-1]
                report.duration = math.fsum(one.duration for one in reports)
            else:
                report = next((one for one in reports if one.failed), reports[-1])
            chosen.append(report)
        return chosen

    def failed_ends(self) -> list[pytest.TestReport]:
        """Return the reports of teardowns that failed; they stand even where the test itself is given up."""
        return [report for reports in self.trials for report in reports if report.when == "teardown" and report.failed]


def _renew(item: pytest.Item, properties: list[tuple[str, object]]) -> None:
    """Forget what the last trial left on the item, so that methods do not share ``self``, nor reports their output."""
    for name in ("_instance", "_obj"):
        item.__dict__.pop(name, None)
    item._report_sections.clear()  # noqa: SLF001 - pytest has no public way to begin an item's sections anew
    item.user_properties[:] = properties


def _must_stop(reports: list[pytest.TestReport]) -> bool:
    """Whether another trial makes no sense: set-up or teardown failed, or the test skipped itself."""
    return any(
        (report.failed and report.when != "call") or (report.skipped and not hasattr(report, "wasxfail"))
        for report in reports
    )


def leave(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """Tear down what the next item does not need: the run that was to do it does not come."""
    call = pytest.CallInfo.from_call(
        lambda: item.session._setupstate.teardown_exact(nextitem),  # noqa: SLF001 - pytest has no public way
        when="teardown",
    )
    if call.excinfo is None:
        return []
    report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
    return [report]

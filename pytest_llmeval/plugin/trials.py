"""Several trials of one case: whole runs of the test (set-up, body, teardown), one report.

Registered only where a case has more than one trial.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.plugin import landing
from pytest_llmeval.plugin.state import STATE

if TYPE_CHECKING:
    from pytest_llmeval.gather.recorder import Recorder


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a case of several trials; leave every other test to pytest (:hook:`pytest_runtest_protocol`)."""
    state = item.config.stash[STATE]
    planned = state.planned.get(item.nodeid)
    if planned is None or planned.n_trials == 1 or item.config.getoption("setuponly", False):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    recorder = state.recorder_of(item)
    final = _run(item, nextitem, recorder)
    landing.attach_result(
        state, recorder, next(report for report in final if report.when == "call" or not report.passed)
    )
    for report in final:
        # The set-up of a first trial that passed is out already: it tells the controller that the test has begun.
        if report.when != "setup" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _run(item: pytest.Item, nextitem: pytest.Item | None, recorder: Recorder) -> list[pytest.TestReport]:
    """Run the trials and merge their reports into one set-up, call and teardown."""
    from _pytest.runner import runtestprotocol  # what pytest-rerunfailures stands on as well

    properties = list(item.user_properties)
    trials: list[list[pytest.TestReport]] = []
    for index in range(recorder.n_trials):
        is_last = index == recorder.n_trials - 1
        if trials:
            _renew(item, properties)
        recorder.start_trial(index)
        # Not nextitem=item: pytest would take the item's own chain as still needed and tear nothing down.
        reports = runtestprotocol(item, log=False, nextitem=nextitem if is_last else copy.copy(item))
        if index == 0 and reports[0].passed:
            item.ihook.pytest_runtest_logreport(report=reports[0])
        trials.append(reports)
        if not is_last and _must_stop(reports):
            trials.append(_leave(item, nextitem))
            break
    return _merged(trials, recorder)


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


def _leave(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """Tear down what the next item does not need: the trial that was to do it does not come."""
    call = pytest.CallInfo.from_call(
        lambda: item.session._setupstate.teardown_exact(nextitem),  # noqa: SLF001 - the stop of a held test needs it
        when="teardown",
    )
    if call.excinfo is None:
        return []
    report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
    return [report]


def _merged(trials: list[list[pytest.TestReport]], recorder: Recorder) -> list[pytest.TestReport]:
    """Choose one report a phase: the first that failed, else the last; a call lasts as long as all its trials.

    A trial's body failed where the recorder says so: pytest calls the first trial of a strict xfail "failed" because
    its body passed, and knows nothing yet of its checks.
    """
    by_phase: dict[str, list[pytest.TestReport]] = {}
    for report in (report for reports in trials for report in reports):
        by_phase.setdefault(report.when or "", []).append(report)
    if any(not report.passed for report in by_phase["setup"]):
        # As pytest has it: a test whose set-up fails or skips has no call.
        by_phase.pop("call", None)
    errors = [trial.index for trial in recorder.trials if trial.error and not trial.is_unscored]
    chosen = []
    for phase, reports in by_phase.items():
        if phase == "call":
            report = reports[min(errors[0], len(reports) - 1)] if errors else reports[-1]
            report.duration = math.fsum(one.duration for one in reports)
        else:
            report = next((one for one in reports if one.failed), reports[-1])
        chosen.append(report)
    return chosen

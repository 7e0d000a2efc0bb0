"""A test's end: its checks decide, and what it leaves rides home on its report.

Imported when LLM tests have been collected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.calls.guard import said
from pytest_llmeval.errors import ProviderError
from pytest_llmeval.gather import trace, wire
from pytest_llmeval.gather.checking import CheckFailed
from pytest_llmeval.gather.thresholds import failing, message
from pytest_llmeval.plugin.state import RECORDER, STATE, cargo_of

if TYPE_CHECKING:
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.plugin.run import Run
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Tally

_SLICE_S = 0.2  # how long nobody looks for Ctrl-C


def end_body(item: pytest.Item, error: BaseException | None) -> bool:
    """Close the trial whose body has returned, or raised; after the last one judge the case, or leave it in flight.

    Returns:
        True where a provider failed: that says nothing of quality, so the trial is unscored and the test goes on to
        be judged by its other trials. False where there is no error, or it is the test's own.

    Raises:
        CheckFailed: with a traceback that ends in the user's own line.
    """
    __tracebackhide__ = True
    recorder, state = item.stash[RECORDER], item.config.stash[STATE]
    if error is None:
        recorder.finish_body()
        error = _error_of_testcase(item)
    is_unscored = isinstance(error, ProviderError)
    if isinstance(error, (pytest.skip.Exception, pytest.exit.Exception, KeyboardInterrupt)):
        recorder.abandon()
    recorder.end_trial(error=said(error) if error else "", is_unscored=is_unscored)
    if recorder.trial < recorder.n_trials - 1:
        return is_unscored
    if recorder.coming:
        if state.flight is not None and state.flight.holds(item):
            return is_unscored
        wait(state, recorder)
    if state.flight is not None and state.flight.may_retest(item):
        return is_unscored  # its scores are there, and say whether it is to be drawn again
    recorder.is_judged = True
    judge(state, recorder)
    return is_unscored


def _error_of_testcase(item: pytest.Item) -> BaseException | None:
    """Return what the body of a ``unittest.TestCase`` raised: unittest keeps it on the item, and returns."""
    kept = getattr(item, "_excinfo", None)
    return kept[0].value if kept else None


def note_setup_error(item: pytest.Item, error: BaseException) -> None:
    """Close the trial whose set-up has raised; a provider that failed there has left it unscored as well."""
    recorder = item.config.stash[STATE].recorder_of(item)
    recorder.abandon()
    if isinstance(error, ProviderError):
        recorder.end_trial(error=said(error), is_unscored=True)


def wait(state: State, recorder: Recorder) -> None:
    """Wait until nothing of a case is on its way any more."""
    from concurrent.futures import wait as wait_for_futures

    while coming := recorder.coming:
        if state.display is not None:
            state.display.draw()
        wait_for_futures(coming, timeout=_SLICE_S)
    if state.display is not None:
        state.display.erase()


def judge(state: State, recorder: Recorder) -> None:
    """Fail the test for its failing checks; nothing of it is on its way any more.

    Raises:
        CheckFailed: with a traceback that ends in the user's own line.
        Exception: what a metric of the user's raised, if one did.
    """
    __tracebackhide__ = True
    recorder.settle()
    recorder.land_over_trials()
    fault = recorder.fault
    if fault is not None:
        steps = recorder.trace_of(fault.metric, fault.nth)
        raise fault.error.with_traceback(trace.rebuild(steps, fault.error.__traceback__))
    if any(trial.error and not trial.is_unscored for trial in recorder.trials):
        return  # An error of an earlier trial is the test's outcome; the checks stand beside it.
    failures = _failures(state, recorder)
    if failures:
        worst = failures[0].worst
        steps = recorder.trace_of(worst.score.metric, worst.nth)
        raise CheckFailed(message(failures)).with_traceback(trace.rebuild(steps))


def _failures(state: State, recorder: Recorder) -> tuple[Tally, ...]:
    tallies = recorder.tallies
    if recorder.is_eager:
        # What failed has raised where it stands; if the test caught it, it was expected.
        tallies = tuple(tally for tally in tallies if tally.worst.is_case_level)
    return failing(tallies, lambda tally: _is_held(state, recorder, tally))


def _is_held(state: State, recorder: Recorder, tally: Tally) -> bool:
    """Whether the gate decides on a check: there is a baseline line to compare with, or one is being made."""
    if state.settings.baseline_update:
        return True
    if state.settings.gate == "off":
        return False
    lines = state.baseline.lines
    # As gate.of_arms has it: an arm without a line of its own is held to the one that was stored without arms.
    line = lines.get(tally.id) or lines.get(tally.id._replace(arm=""))
    check = tally.worst
    return (
        line is not None
        and bool(line.draws)
        # What was accepted for a time that is over counts as not accepted: its threshold decides again.
        and not line.is_expired(state.today)
        and (line.input_hash, line.metric_version, line.is_case_level)
        == (recorder.input_hash, check.score.version, check.is_case_level)
    )


def landed(state: State, run: Run) -> list[pytest.TestReport]:
    """Return the reports of a test whose checks are all there, one a phase, judged."""
    reports = run.merged()
    call = next((report for report in reports if report.when == "call"), None)
    if call is not None and not run.recorder.is_judged:
        reports[reports.index(call)] = _judged(state, run, call)
    elif run.n_trials > 1:
        attach_result(state, run.recorder, call or next(report for report in reports if not report.passed))
    return reports


def _judged(state: State, run: Run, body: pytest.TestReport) -> pytest.TestReport:
    """Judge a test whose body's report is there, and let pytest make a new one where its checks fail.

    Through pytest's own hook, so that xfail and the traceback are what they are for any test.
    """
    item, recorder, report = run.item, run.recorder, body
    call = pytest.CallInfo.from_call(lambda: judge(state, recorder), when="call", reraise=(KeyboardInterrupt,))
    if call.excinfo is not None:
        report = item.ihook.pytest_runtest_makereport(item=item, call=call)
        report.sections, report.user_properties = list(body.sections), list(body.user_properties)
        report.duration, report.start, report.stop = body.duration, body.start, body.stop
        if report.failed:
            item.ihook.pytest_exception_interact(node=item, call=call, report=report)
    recorder.is_judged = True
    # The time of its calls is the test's; the time that it stood parked is not.
    waited_s = max(0.0, recorder.landed_s - run.body_ended_s)
    report.duration += waited_s
    report.stop += waited_s
    attach_result(state, recorder, report)
    return report


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put the plan on a process's first report, and the case's result on the report that ends its test.

    Never on the reports that a test's subtests emit while its body still runs, not on those of a single trial among
    several, and not on those of a test whose checks are in flight: their one report is put together later.
    """
    state = item.config.stash[STATE]
    recorder = state.recorder_of(item)
    if report.when == "setup":
        cargo_of(report).update(plan=state.take_plan(), result="")
    is_end = report.when == "call" and recorder.is_judged
    was_not_set_up = report.when == "setup" and not report.passed
    if recorder.n_trials > 1 or not (is_end or was_not_set_up):
        return
    attach_result(state, recorder, report)


def attach_result(state: State, recorder: Recorder, report: pytest.TestReport) -> None:
    """Put the case's result, as it stands now, on a report."""
    outcome = _outcome(report, recorder)
    result = recorder.result(outcome)
    if not state.settings.store_texts:
        from pytest_llmeval.gather.digests import without_words

        result = without_words(result)
    text, result = wire.pack(result)
    state.keep_at_home(result)
    cargo_of(report).update(result=text, is_unscored=outcome == "unscored", notices=state.take_notices())
    if report.failed and any(trial.error for trial in recorder.trials):
        beside = _failures(state, recorder)
        if beside:
            report.sections.append(("llmeval: checks below their thresholds", message(beside)))


def _outcome(report: pytest.TestReport, recorder: Recorder) -> str:
    """Return pytest's word for the test, or ``unscored`` where it had something to score and nothing was."""
    if report.skipped and hasattr(report, "wasxfail"):
        return "xfailed"
    tallies = recorder.tallies
    was_cut = any(trial.is_unscored for trial in recorder.trials)
    if report.passed and (tallies or was_cut) and not any(tally.scores for tally in tallies):
        return "unscored"
    return report.outcome

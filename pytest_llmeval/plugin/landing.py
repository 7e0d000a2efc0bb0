"""A test's end: its checks decide, and what it leaves rides home on its report.

Imported when the first LLM test runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import ProviderError
from pytest_llmeval.plugin.state import RECORDER, STATE, cargo_of

if TYPE_CHECKING:
    import pytest

    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Tally


def land(item: pytest.Item) -> None:
    """Close the trial whose body has returned; after the last one, fail the test for its failing checks.

    Raises:
        CheckFailed: with a traceback that ends in the user's own line.
    """
    __tracebackhide__ = True
    recorder = item.stash[RECORDER]
    recorder.end_trial()
    _judge(item.config.stash[STATE], recorder)


def land_error(item: pytest.Item, error: BaseException) -> bool:
    """Close the trial whose body has raised.

    Returns:
        True where a provider failed: that says nothing of quality, so the trial is unscored and the test goes on to
        be judged by its other trials. False where the error is the test's own.
    """
    __tracebackhide__ = True
    recorder = item.stash[RECORDER]
    is_unscored = isinstance(error, ProviderError)
    recorder.end_trial(error=_said(error), is_unscored=is_unscored)
    if is_unscored:
        _judge(item.config.stash[STATE], recorder)
    return is_unscored


def note_setup_error(item: pytest.Item, error: BaseException) -> None:
    """Close the trial whose set-up has raised; a provider that failed there has left it unscored as well."""
    if isinstance(error, ProviderError):
        item.config.stash[STATE].recorder_of(item).end_trial(error=_said(error), is_unscored=True)


def _said(error: BaseException) -> str:
    """Return an error in one line for the session file, without a key."""
    from pytest_llmeval.calls.guard import masked

    try:
        said = str(error).strip().partition("\n")[0]
    except Exception:  # noqa: BLE001 - a user's exception may fail to describe itself
        said = "(it cannot be printed)"
    return masked(f"{type(error).__name__}: {said}")


def _judge(state: State, recorder: Recorder) -> None:
    __tracebackhide__ = True
    from pytest_llmeval.assertions import CheckFailed
    from pytest_llmeval.gather import trace
    from pytest_llmeval.gather.thresholds import message

    if recorder.trial < recorder.n_trials - 1:
        return
    recorder.land_over_trials()
    if any(trial.error and not trial.is_unscored for trial in recorder.trials):
        return  # An error of an earlier trial is the test's outcome; the checks stand beside it.
    failures = _failures(state, recorder)
    if failures:
        raise CheckFailed(message(failures)).with_traceback(trace.rebuild(recorder.trace_of(failures[0].worst)))


def _failures(state: State, recorder: Recorder) -> tuple[Tally, ...]:
    from pytest_llmeval.gather.thresholds import failing

    tallies = _tallies(recorder)
    if recorder.is_eager:
        # What failed has raised where it stands; if the test caught it, it was expected.
        tallies = tuple(tally for tally in tallies if tally.worst.is_case_level)
    return failing(tallies, lambda tally: state.is_held(recorder, tally))


def _tallies(recorder: Recorder) -> tuple[Tally, ...]:
    from pytest_llmeval.records import tally

    return tally(recorder.id.test, recorder.id.case, recorder.trials, recorder.case_checks)


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put the plan on a process's first report, and the case's result on the report that ends its test.

    Never on the reports that a test's subtests emit while its body still runs, and not on those of a single trial
    among several: their one report is put together later, and what rode on the others would be lost.
    """
    state = item.config.stash[STATE]
    recorder = state.recorder_of(item)
    if report.when == "setup":
        cargo_of(report).update(plan=state.take_plan(), result="")
    is_end = report.when == "call" and not recorder.is_open
    was_not_set_up = report.when == "setup" and not report.passed
    if recorder.n_trials > 1 or not (is_end or was_not_set_up):
        return
    attach_result(state, recorder, report)


def attach_result(state: State, recorder: Recorder, report: pytest.TestReport) -> None:
    """Put the case's result, as it stands now, on a report."""
    from pytest_llmeval.gather import wire
    from pytest_llmeval.gather.thresholds import message

    outcome = _outcome(report, recorder)
    result = wire.encode(recorder.result(outcome))
    cargo_of(report).update(result=result, is_unscored=outcome == "unscored", notices=state.take_notices())
    if report.failed and any(trial.error for trial in recorder.trials):
        beside = _failures(state, recorder)
        if beside:
            report.sections.append(("llmeval: checks below their thresholds", message(beside)))


def _outcome(report: pytest.TestReport, recorder: Recorder) -> str:
    """Return pytest's word for the test, or ``unscored`` where it had something to score and nothing was."""
    if report.skipped and hasattr(report, "wasxfail"):
        return "xfailed"
    tallies = _tallies(recorder)
    was_cut = any(trial.is_unscored for trial in recorder.trials)
    if report.passed and (tallies or was_cut) and not any(tally.scores for tally in tallies):
        return "unscored"
    return report.outcome

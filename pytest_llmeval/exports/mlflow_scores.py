"""Checks of a case → feedback on its MLflow trace: each metric's mean over the trials, with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports.inert import plain
from pytest_llmeval.records import tally

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_llmeval.records import CaseResult, Tally

_LONGEST_NAME = 120
_ASSESSED_BY_RUN = "mlflow.assessment.sourceRunId"


def write(trace_id: str, result: CaseResult, run_id: str, *, but: Collection[str]) -> None:
    """Put the case's means on its trace.

    Args:
        trace_id: of a trace that is there, on the tracker that MLflow's tracing speaks to.
        result: the case.
        run_id: of the run that measured it.
        but: names of feedback that an earlier attempt has written.
    """
    for found in tally(*result.id, result.trials, result.checks, arm=result.arm):
        if _name(found) not in but:
            _feedback(trace_id, found, run_id)


def _name(found: Tally) -> str:
    name = found.id.metric if not found.id.nth else f"{found.id.metric}#{found.id.nth + 1}"
    return plain(name, limit=_LONGEST_NAME)


def _feedback(trace_id: str, found: Tally, run_id: str) -> None:
    """Put one metric's mean over the trials on the trace; what could not be scored is an error, never a 0."""
    import mlflow
    from mlflow.entities import AssessmentError, AssessmentSource, Feedback

    worst, n_trials = found.worst, len(found.checks)
    is_scored = found.mean is not None
    feedback = Feedback(
        name=_name(found),
        value=found.mean,
        error=None if is_scored else AssessmentError(error_code="UNSCORED", error_message=worst.score.reason),
        rationale=_told(found) if is_scored else None,
        source=AssessmentSource(source_type="CODE", source_id=f"pytest-llmeval {worst.score.version}"),
        metadata={
            _ASSESSED_BY_RUN: run_id,
            "threshold": str(worst.threshold),
            "n_scored": str(len(found.scores)),
            "n_trials": str(n_trials),
        },
        trace_id=trace_id,
    )
    mlflow.log_assessment(trace_id=trace_id, assessment=feedback)


def _told(found: Tally) -> str:
    mark, lowest = found.worst.threshold, found.worst.score.reason or "no reason given"
    return (
        f"Lowest: {lowest}"
        if mark is None
        else f"{found.n_reached} of {len(found.scores)} scored trials reach {mark:g}. Lowest: {lowest}"
    )

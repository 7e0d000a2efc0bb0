"""Who a case is in MLflow: the same in every session, so that its page puts two runs side by side, case by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports.inert import plain
from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from mlflow.entities import LiveSpan

    from pytest_llmeval.records import CaseResult

REQUEST_ID = "mlflow.eval.requestId"
"""The tag that names a trace's case."""
SOURCE_RUN = "mlflow.sourceRun"
"""The metadata that names a trace's run."""
_LONGEST_ROW = 900  # MLflow's column has 1000


def request_id(result: CaseResult) -> str:
    """Return the mark of a case, in its arm: the same in every session."""
    return digest([*result.id, result.arm])[:32]


def row(result: CaseResult) -> str:
    """Return the case's name, in its arm, as it stands in MLflow: one text, one row."""
    named = f"{result.id} @{result.arm}" if result.arm else str(result.id)
    return plain(named, limit=_LONGEST_ROW)


def name_row(span: LiveSpan, result: CaseResult) -> None:
    """Give the trace the preview by which MLflow's page puts two runs side by side.

    MLflow's own is the last user message, which another prompt changes, and which two cases may share.
    """
    import mlflow
    from mlflow.tracing.provider import safe_set_span_in_context

    with safe_set_span_in_context(span):
        mlflow.update_current_trace(request_preview=row(result))

"""Cases of a session → MLflow traces with feedback: what was asked, answered and scored, complete, for an audit.

One trace a case: a span for each trial, below it one for each call. A trace costs 0.2 to 0.5 s on a SQLite file, so
that by default only the cases that somebody will look at have one, and those that do not fit in time are counted.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports import usage
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.mlflow_identity import REQUEST_ID, SOURCE_RUN, name_row, request_id
from pytest_llmeval.records import Provenance, tally
from pytest_llmeval.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient
    from mlflow.entities import LiveSpan

    from pytest_llmeval.records import CaseResult, CheckId, Json, Response, Session, Tally, Trial

_NS = 1_000_000_000
_MOST_LINKED = 100  # MLflow refuses more at once
_LONGEST_NAME = 120
_ASSESSED_BY_RUN = "mlflow.assessment.sourceRunId"


class Written(NamedTuple):
    """How many of the traces that were asked for are in MLflow."""

    n_written: int
    n_wanted: int

    @property
    def is_whole(self) -> bool:
        """Whether none was left out."""
        return self.n_written == self.n_wanted


def wanted(session: Session, which: str) -> tuple[CaseResult, ...]:
    """Return the cases that get a trace, in the session's order.

    Args:
        session: finished, with its verdict.
        which: ``all``; ``none``; or ``failed``: those that failed, regressed, could not be scored or are new.
    """
    if which == "all":
        return session.results
    if which == "none":
        return ()
    comparisons = session.verdict.comparisons if session.verdict else ()
    notable: set[CheckId] = {id_ for comparison in comparisons for id_ in comparison.added}
    notable |= {case.id for one in comparisons for case in one.cases if case.verdict is Verdict.REGRESSED}
    cases = {(id_.case_id, id_.arm) for id_ in notable}
    return tuple(
        result
        for result in session.results
        if result.outcome in ("failed", "unscored") or (result.id, result.arm) in cases
    )


def write(client: MlflowClient, session: Session, run_id: str, *, uri: str, which: str, until_s: float) -> Written:
    """Write the traces of a run; one that an earlier call has written is left as it is.

    Args:
        client: of the same tracker.
        session: finished.
        run_id: of its run; the traces are linked to it and stand in its experiment.
        uri: MLflow's tracking URI.
        which: see ``wanted``.
        until_s: no further trace is begun after it, on ``time.monotonic``; infinite for all of them.
    """
    cases = wanted(session, which)
    if not cases:
        return Written(0, 0)
    experiment_id = client.get_run(run_id).info.experiment_id
    with tracing_to(uri):
        known = _known(client, experiment_id, run_id)
        trace_ids = []
        for result in cases:
            if request_id(result) in known:
                continue
            if time.monotonic() > until_s:
                break
            trace_ids.append(_trace(session, result, run_id, experiment_id))
        for first in range(0, len(trace_ids), _MOST_LINKED):
            client.link_traces_to_run(trace_ids[first : first + _MOST_LINKED], run_id)
    return Written(len(known) + len(trace_ids), len(cases))


@contextmanager
def tracing_to(uri: str) -> Iterator[None]:
    """Let MLflow's tracing, which knows one tracker for the whole process, speak to this one; then as it was."""
    import mlflow

    before = mlflow.get_tracking_uri()
    # A trace that is still queued when the process ends is lost.
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


def _known(client: MlflowClient, experiment_id: str, run_id: str) -> set[str]:
    """Return the cases whose traces are there: an earlier attempt may have died half-way."""
    found: set[str] = set()
    token = None
    while True:
        page = client.search_traces(
            locations=[experiment_id], run_id=run_id, include_spans=False, max_results=500, page_token=token
        )
        # Linked traces only: one that was written and not linked is written again, and the first stays unseen.
        found |= {trace.info.tags.get(REQUEST_ID, "") for trace in page}
        token = page.token
        if not token:
            return found


def _trace(session: Session, result: CaseResult, run_id: str, experiment_id: str) -> str:
    import mlflow

    start_ns = int(usage.started_s(session) * _NS)
    span = mlflow.start_span_no_context(
        plain(str(result.id), limit=_LONGEST_NAME),
        span_type="CHAIN",
        inputs=_asked(result),
        attributes=_of_case(session, result),
        tags={REQUEST_ID: request_id(result), "llmeval.case": plain(str(result.id), limit=_LONGEST_NAME)},
        metadata={SOURCE_RUN: run_id},
        experiment_id=experiment_id,
        start_time_ns=start_ns,
    )
    name_row(span, result)
    end_ns = start_ns
    for trial in result.trials:
        end_ns = _trial(span, trial, end_ns)
    span.end(outputs=_answered(result), end_time_ns=end_ns)
    for found in tally(*result.id, result.trials, result.checks, arm=result.arm):
        _feedback(str(span.trace_id), found, run_id)
    return str(span.trace_id)


def _trial(parent: LiveSpan, trial: Trial, start_ns: int) -> int:
    """Add a trial's span, its calls one after the other, and return when it ended."""
    import mlflow

    span = mlflow.start_span_no_context(
        f"trial {trial.index + 1}", span_type="CHAIN", parent_span=parent, start_time_ns=start_ns
    )
    end_ns = start_ns
    for call in trial.calls:
        end_ns = _call(span, call, "model under test", "CHAT_MODEL", end_ns)
    for call in trial.judge_calls:
        end_ns = _call(span, call, "judge", "EVALUATOR", end_ns)
    end_ns = max(end_ns, start_ns + int(trial.duration_s * _NS))
    checks = [
        {
            "metric": check.score.metric,
            "value": check.value,
            "threshold": check.threshold,
            "reason": check.score.reason,
            "version": check.score.version,
        }
        for check in trial.checks
    ]
    span.end(outputs={"checks": checks, "error": trial.error}, end_time_ns=end_ns)
    return end_ns


def _call(parent: LiveSpan, call: Response, name: str, span_type: str, start_ns: int) -> int:
    import mlflow

    request = call.request
    span = mlflow.start_span_no_context(
        f"{name}: {plain(request.model, limit=_LONGEST_NAME)}",
        span_type=span_type,
        parent_span=parent,
        inputs={"messages": [dict(message) for message in request.messages], **dict(request.settings)},
        attributes=_of_call(call),
        start_time_ns=start_ns,
    )
    end_ns = start_ns + int(call.latency_s * _NS)
    span.end(outputs={"role": "assistant", "content": call.text}, end_time_ns=end_ns)
    return end_ns


def _of_case(session: Session, result: CaseResult) -> dict[str, Json]:
    return {
        "llmeval.session": session.id,
        "llmeval.suite": result.suite,
        "llmeval.outcome": result.outcome,
        "llmeval.arm": result.arm,
        "llmeval.input_hash": result.input_hash,
        "llmeval.tags": list(result.tags),
    }


def _of_call(call: Response) -> dict[str, Json]:
    """Return what OpenTelemetry and MLflow have names for under those, and the rest under ours."""
    known: Mapping[str, Json] = {
        "gen_ai.request.model": call.request.model,
        "gen_ai.response.model": call.model,
        "gen_ai.usage.input_tokens": call.n_input_tokens,
        "gen_ai.usage.output_tokens": call.n_output_tokens,
        "llmeval.api_base": call.request.api_base,
        "llmeval.outcome": call.outcome.value,
        "llmeval.provenance": call.provenance.value,
        "llmeval.is_replayed": call.provenance is Provenance.REPLAYED,
        "llmeval.recorded_at": call.recorded_at,
        "llmeval.fingerprint": call.fingerprint,
        "llmeval.cost_usd": call.cost_usd,
        "llmeval.latency_s": call.latency_s,
        "llmeval.key": call.key,
        "llmeval.origin": call.origin,
    }
    n_in, n_out = call.n_input_tokens, call.n_output_tokens
    counts: dict[str, Json] = {}
    if n_in is not None and n_out is not None:
        counts["mlflow.chat.tokenUsage"] = {
            "input_tokens": n_in,
            "output_tokens": n_out,
            "total_tokens": n_in + n_out,
        }
    return {name: value for name, value in known.items() if value not in (None, "")} | counts


def _asked(result: CaseResult) -> Json:
    """What was put to the application: its first call's messages, else no more than who the case is."""
    first = next((call for trial in result.trials for call in trial.calls), None)
    if first is None:
        return {"case": str(result.id)}
    return {"messages": [dict(message) for message in first.request.messages]}


def _answered(result: CaseResult) -> Json:
    """The answer of each trial: its last call's text, else what its first check judged."""

    def of(trial: Trial) -> str:
        if trial.calls:
            return trial.calls[-1].text
        return next((check.output for check in trial.checks), "")

    answers = [of(trial) for trial in result.trials]
    return answers[0] if len(answers) == 1 else answers


def _feedback(trace_id: str, found: Tally, run_id: str) -> None:
    """Put one metric's mean over the trials on the trace; what could not be scored is an error, never a 0."""
    import mlflow
    from mlflow.entities import AssessmentError, AssessmentSource, Feedback

    worst, n_trials = found.worst, len(found.checks)
    is_scored = found.mean is not None
    name = found.id.metric if not found.id.nth else f"{found.id.metric}#{found.id.nth + 1}"
    feedback = Feedback(
        name=plain(name, limit=_LONGEST_NAME),
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

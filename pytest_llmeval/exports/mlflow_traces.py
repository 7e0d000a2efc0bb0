"""Cases of a session → MLflow traces with feedback: what was asked, answered and scored, complete, for an audit.

One trace a case: a span for each trial, below it one for each call. A trace costs 0.2 to 0.5 s on a SQLite file, so
that by default only the cases that somebody will look at have one, and those that do not fit in time are counted.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports import mlflow_scores, usage
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.mlflow_identity import REQUEST_ID, SOURCE_RUN, name_row, request_id, row
from pytest_llmeval.records import Provenance
from pytest_llmeval.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient
    from mlflow.entities import LiveSpan

    from pytest_llmeval.records import CaseResult, CheckId, Json, Response, Session, Trial

_NS = 1_000_000_000
_MOST_LINKED = 100  # MLflow refuses more at once
_LONGEST_NAME = 120


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
            trace_id, has = known.get(request_id(result), ("", frozenset()))
            if not trace_id:
                if time.monotonic() > until_s:
                    continue
                trace_id = _trace(session, result, run_id, experiment_id)
            mlflow_scores.write(trace_id, result, run_id, but=has)
            trace_ids.append(trace_id)
        for first in range(0, len(trace_ids), _MOST_LINKED):
            client.link_traces_to_run(trace_ids[first : first + _MOST_LINKED], run_id)
    return Written(len(trace_ids), len(cases))


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


def _known(client: MlflowClient, experiment_id: str, run_id: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return the traces that are there, linked or not, and what feedback they have: an attempt may have died half-way.

    By the case's mark: the id of its trace, and the names of its feedback.
    """
    found: dict[str, tuple[str, frozenset[str]]] = {}
    token = None
    while True:
        page = client.search_traces(
            locations=[experiment_id],
            filter_string=f"metadata.`{SOURCE_RUN}` = '{run_id}'",
            include_spans=False,
            max_results=500,
            page_token=token,
        )
        for trace in page:
            names = frozenset(one.name for one in trace.info.assessments or ())
            found[trace.info.tags.get(REQUEST_ID, "")] = (trace.info.trace_id, names)
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
    """Who the case is, and what was put to the application: its first call's messages, where it made one.

    What has no partner of its mark in another run ``compare_evaluations`` pairs by these inputs: without the name, two
    cases that ask the same question were one row.
    """
    first = next((call for trial in result.trials for call in trial.calls), None)
    asked = {} if first is None else {"messages": [dict(message) for message in first.request.messages]}
    return {**asked, "case": row(result)}


def _answered(result: CaseResult) -> Json:
    """The answer of each trial: its last call's text, else what its first check judged."""

    def of(trial: Trial) -> str:
        if trial.calls:
            return trial.calls[-1].text
        return next((check.output for check in trial.checks), "")

    answers = [of(trial) for trial in result.trials]
    return answers[0] if len(answers) == 1 else answers

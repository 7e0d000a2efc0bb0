"""Session → one JSON document for other programs, whose schema is published: ``docs/schema/report-1.json``.

It holds what was measured and decided. Requests and whole answers stand in the session file, whose format is our own
and may change; this one changes only by another number.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pytest_llmeval.exports import agreement, files, usage
from pytest_llmeval.exports.next_steps import steps
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.records import Provenance, tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmeval.exports.usage import Usage
    from pytest_llmeval.records import (
        Against,
        CaseResult,
        CaseVerdict,
        CheckId,
        Comparison,
        Json,
        Judged,
        Session,
        Summary,
        Tally,
    )
    from pytest_llmeval.records.session import Spend

    Object = dict[str, Any]  # Any: JSON

FORMAT = "pytest-llmeval/report/1"


def write(session: Session, path: Path) -> None:
    """Write the document.

    Raises:
        LlmevalError: it cannot be written there; an older one is as it was.
    """
    # Not indented by json, which would leave its fast encoder: a line a field, and a line an item of a list.
    fields = (f"{json.dumps(name)}: {_lines(value)}" for name, value in document(session).items())
    files.put(path, "{\n" + ",\n".join(fields) + "\n}\n", kind="json")


def _lines(value: Json) -> str:
    if not isinstance(value, list):
        return json.dumps(value, allow_nan=False)
    return "[" + ",".join(f"\n {json.dumps(item, allow_nan=False)}" for item in value) + "]"


def document(session: Session) -> dict[str, Json]:
    """Return the session as the schema describes it; what is unknown is null, never a number."""
    verdict, answers = session.verdict, usage.responses(session)
    compared = verdict.comparisons if verdict else ()
    comparisons = {(one.suite, one.metric, one.arm): one for one in compared}
    spoken = {case.id: case for one in compared for case in one.cases}
    scored, expected = session.coverage
    return {
        "format": FORMAT,
        "session": _session(session),
        "exit": {"status": session.exit_status, "line": session.exit_line},
        "verdict": None
        if verdict is None
        else {"word": verdict.verdict.value, "sentences": list(verdict.sentences), "invalid": list(verdict.invalid)},
        "metrics": [
            _metric(one, comparisons.get((one.suite, one.metric, one.arm)), agreement.judged_of(session, one))
            for one in session.summaries
        ],
        "cases": [_case(result, spoken) for result in session.results],
        "against": None if session.against is None else _against(session.against),
        "completeness": {
            "planned": len(session.plan.cases),
            "ran": len(session.results),
            "checks_expected": expected,
            "checks_scored": scored,
            "lost": list(session.lost),
            "stopped": session.stopped,
            "selection": session.selection,
            "deselected": session.plan.n_deselected,
        },
        "usage": {
            "responses": {kind.value: sum(one.provenance is kind for one in answers) for kind in Provenance},
            "bought": _usage(usage.measure(usage.asked(answers))),
            "replayed": _usage(usage.measure(usage.replayed(answers))),
            "budget": None if session.spend is None else _budget(session.spend),
        },
        "next": [{"why": step.why, "command": step.command} for step in steps(session, worst_lines(session))],
    }


def _session(session: Session) -> Object:
    return {
        "id": session.id,
        "started_at": session.started_at,
        "duration_s": session.duration_s,
        "commit": session.commit,
        "branch": session.branch,
        "models": list(usage.models(session)),
        "settings": dict(sorted(session.settings.items())),
        "versions": dict(session.versions),
    }


def _metric(summary: Summary, comparison: Comparison | None, judged: Sequence[Judged]) -> Object:
    return {
        "suite": summary.suite,
        "metric": summary.metric,
        "variant": summary.arm,
        "mean": summary.mean,
        "interval": None if summary.low is None else [summary.low, summary.high],
        "cases": summary.n_cases,
        "scored": summary.n_scored,
        "unscored": summary.n_unscored,
        "below": summary.n_below,
        "comparison": None if comparison is None else _comparison(comparison),
        "judges": [_judged(one) for one in judged],
    }


def _judged(one: Judged) -> Object:
    return {
        "version": one.version,
        "calibrated": one.is_calibrated,
        "labels": one.n_labels,
        "threshold": one.threshold,
        "agreement": one.agreement and list(one.agreement),
        "ac1": one.ac1 and list(one.ac1),
        "tpr": one.tpr and list(one.tpr),
        "tnr": one.tnr and list(one.tnr),
        "measured_on": one.measured_on or None,
    }


def _comparison(found: Comparison) -> Object:
    is_known = found.low is not None and found.high is not None
    return {
        "verdict": found.verdict.value,
        "informational": found.is_informational,
        "baseline_mean": found.baseline_mean,
        "current_mean": found.current_mean,
        "change": -found.drop if found.n_compared else None,
        # The interval is of the drop; the change is its negative.
        "change_interval": [-found.high, -found.low] if is_known else None,  # type: ignore[operator] # is_known
        "smallest_visible_drop": found.mde,
        "compared": found.n_compared,
        "replayed": found.n_replayed,
        "added": list(map(str, found.added)),
        "removed": list(map(str, found.removed)),
        "edited": list(map(str, found.edited)),
        "notes": list(found.notes),
    }


def _case(result: CaseResult, spoken: Mapping[CheckId, CaseVerdict]) -> Object:
    found = tally(*result.id, result.trials, result.checks, arm=result.arm)
    return {
        "nodeid": result.nodeid,
        "test": result.id.test,
        "case": result.id.case,
        "suite": result.suite,
        "variant": result.arm,
        "tags": list(result.tags),
        "outcome": result.outcome,
        "trials": len(result.trials),
        "errors": [trial.error for trial in result.trials if trial.error],
        "checks": [_check(one, spoken.get(one.id)) for one in found],
    }


def _check(one: Tally, spoken: CaseVerdict | None) -> Object:
    worst = one.worst
    return {
        "metric": one.id.metric,
        "nth": one.id.nth,
        "metric_version": worst.score.version,
        "mean": one.mean,
        "scores": [check.value for check in one.checks],
        "threshold": worst.threshold,
        "require": worst.require,
        "hard": one.is_hard,
        "below": one.is_below,
        "reached": one.n_reached,
        "verdict": None if spoken is None else spoken.verdict.value,
        "baseline_mean": None if spoken is None else spoken.baseline_mean,
        "reason": worst.score.reason,
        "answer": worst.output,
        "place": {"path": worst.place.path, "line": worst.place.line} if worst.place.path else None,
    }


def _against(found: Against) -> Object:
    return {
        "commit": found.commit,
        "name": found.name,
        "fork": found.is_fork,
        "fresh_cases": sum(case.n_fresh > 0 for case in found.cases),
        "replayed_cases": sum(case.is_replayed for case in found.cases),
        "stale_cases": sum(bool(case.stale) for case in found.cases),
        "accepted": [
            {
                "id": str(one.id),
                "before": one.before,
                "after": one.after,
                "reason": one.acceptance.reason,
                "author": one.acceptance.author,
                "expires": one.acceptance.expires,
            }
            for one in found.accepted
        ],
        "refused": [{"id": str(one.id), "why": one.why} for one in found.refused],
        "weakened": [
            {"id": str(one.id), "how": one.how.value, "before": one.before, "now": one.now} for one in found.weakened
        ],
        "confirmed": [
            {"id": str(one.id), "word": one.word.value, "base_mean": one.base_mean, "current_mean": one.current_mean}
            for one in found.reruns
        ],
    }


def _budget(spend: Spend) -> Object:
    return {
        "budget_usd": spend.budget_usd,
        "spent_usd": spend.spent_usd,
        "unsure_usd": spend.unsure_usd,
        "calls_refused": spend.n_refused,
        "tests_undone": list(spend.undone),
    }


def _usage(used: Usage) -> Object:
    has_tokens = used.n_uncounted < used.n_answers or not used.n_answers
    return {
        "answers": used.n_answers,
        "input_tokens": used.n_input_tokens if has_tokens else None,
        "output_tokens": used.n_output_tokens if has_tokens else None,
        "answers_without_tokens": used.n_uncounted,
        "cost_usd": used.cost_usd if used.cost_usd is None or math.isfinite(used.cost_usd) else None,
        "answers_without_price": used.n_unpriced,
    }

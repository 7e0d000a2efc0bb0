"""Session → rows for an audit or a data frame: one for each score, or one for each request and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports.conventions import SEMCONV, of_call
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.usage import models
from pytest_llmeval.records import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmeval.exports.conventions import Row
    from pytest_llmeval.records import CaseResult, Check, Session, Tally

_LONGEST_REASON = 2_000


def scores(session: Session) -> Iterator[Row]:
    """Yield a row for each check of each trial, and for each check over all trials, which has no trial.

    ``gen_ai.evaluation.score.label`` is pass, fail, recorded (there is no threshold) or unscored, of this trial alone.
    """
    head = {**_session(session), "llmeval.models": list(models(session))}
    for result in session.results:
        case = {**head, **_case(result)}
        terms = {one.id[2:4]: one for one in tally(*result.id, result.trials, result.checks, arm=result.arm)}
        made = [(trial.index, check) for trial in result.trials for check in trial.checks]
        for index, check in [*made, *((None, check) for check in result.checks)]:
            found = terms[check.score.metric, check.nth]
            yield {**case, "llmeval.trial": index, **_check(check, found)}


def calls(session: Session) -> Iterator[Row]:
    """Yield a row for each call of the code under test and of its judges, in their order."""
    head = {**_session(session), "llmeval.semconv": SEMCONV}
    for result in session.results:
        case = {**head, **_case(result)}
        for trial in result.trials:
            groups = (("application", trial.calls), ("judge", trial.judge_calls))
            for kind, asked in groups:
                for number, call in enumerate(asked):
                    place = {"llmeval.trial": trial.index, "llmeval.call.of": kind, "llmeval.call.number": number}
                    yield {**case, **place, **of_call(call)}


ROWS: dict[str, Callable[[Session], Iterator[Row]]] = {"scores": scores, "calls": calls}


def _session(session: Session) -> Row:
    return {
        "llmeval.session.id": session.id,
        "llmeval.session.started_at": session.started_at,
        "llmeval.session.commit": session.commit or None,
        "llmeval.session.branch": session.branch or None,
        "llmeval.session.versions": dict(session.versions),
    }


def _case(result: CaseResult) -> Row:
    return {
        "llmeval.test": result.id.test,
        "llmeval.case": result.id.case or None,
        "llmeval.nodeid": result.nodeid,
        "llmeval.suite": result.suite or None,
        "llmeval.variant": result.arm or None,
        "llmeval.tags": list(result.tags),
        "llmeval.input_hash": result.input_hash or None,
        "llmeval.outcome": result.outcome,
    }


def _check(check: Check, found: Tally) -> Row:
    return {
        "gen_ai.evaluation.name": check.score.metric,
        "gen_ai.evaluation.score.value": check.value,
        "gen_ai.evaluation.score.label": _label(check),
        "gen_ai.evaluation.explanation": plain(check.score.reason, limit=_LONGEST_REASON) or None,
        "llmeval.check.nth": check.nth,
        "llmeval.check.version": check.score.version,
        "llmeval.check.judges": list(check.score.judges),
        "llmeval.check.threshold": check.threshold,
        "llmeval.check.require": check.require,
        "llmeval.check.hard": check.is_hard,
        "llmeval.check.case_level": check.is_case_level,
        "llmeval.check.mean": found.mean,
        "llmeval.check.below": found.is_below,
        "llmeval.check.detail": dict(check.score.detail),
        "llmeval.check.text": check.output or None,
        "llmeval.check.origin": check.origin or None,
        "llmeval.check.file": check.place.path or None,
        "llmeval.check.line": check.place.line or None,
    }


def _label(check: Check) -> str:
    if check.value is None:
        return "unscored"
    if check.threshold is None:
        return "recorded"
    return "pass" if check.passed else "fail"

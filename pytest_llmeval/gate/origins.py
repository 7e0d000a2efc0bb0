"""Where the draws of a session came from, case by case: a new sample, the baseline's own, or too old to count on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmeval.gate.words import count
from pytest_llmeval.records import CaseOrigin, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmeval.records import Baseline, CaseId, CaseResult, Line, Response


def origins_of(
    baseline: Baseline,
    lines: Sequence[Line],
    results: Sequence[CaseResult],
    *,
    now: datetime,
    max_age_days: float | None = None,
) -> tuple[CaseOrigin, ...]:
    """Say for each case how many of its scored draws are new, how many the baseline's own, and what is stale.

    Args:
        baseline: what the session is compared with.
        lines: of the session.
        results: of the session.
        now: when the session began, in UTC.
        max_age_days: age from which a recording is stale; None for never.

    Returns:
        One for each case with a scored check, sorted. A draw that several checks judge counts once; one without an
        origin (its answer did not come through ``llm``) is new.
    """
    stale = _stale_by_case(results, None if max_age_days is None else now - timedelta(days=max_age_days))
    drawn: dict[CaseId, dict[tuple[str, int], bool]] = {}
    for line in lines:
        stored = baseline.lines.get(line.id)
        known = {draw.origin for draw in stored.draws if draw.origin} if stored else set()
        draws = drawn.setdefault(line.id.case_id, {})
        for place, draw in enumerate(line.draws):
            key = (draw.origin, 0) if draw.origin else ("", place)
            # New for one of its checks is new: that check has a sample.
            draws[key] = draws.get(key, True) and draw.origin in known
    found = []
    for id_, draws in sorted(drawn.items()):
        n_replayed = sum(draws.values())
        if draws:
            found.append(
                CaseOrigin(id=id_, n_fresh=len(draws) - n_replayed, n_replayed=n_replayed, stale=stale.get(id_, ""))
            )
    return tuple(found)


def origin_sentences(cases: Sequence[CaseOrigin]) -> tuple[str, ...]:
    """Say how many cases are fresh, replayed and stale; nothing where there is none."""
    if not cases:
        return ()
    n_replayed = sum(case.is_replayed for case in cases)
    n_fresh = len(cases) - n_replayed
    said = [f"of {count(len(cases), 'case')} {n_fresh} fresh, {n_replayed} replayed from the baseline's own recordings"]
    whys: dict[str, int] = {}
    for case in cases:
        if case.stale:
            whys[case.stale] = whys.get(case.stale, 0) + 1
    said += [
        f"{count(n, 'case')} stale: {why}" for why, n in sorted(whys.items(), key=lambda item: (-item[1], item[0]))
    ]
    return tuple(said)


def _stale_by_case(results: Sequence[CaseResult], oldest: datetime | None) -> Mapping[CaseId, str]:
    """Return why a case's answers are stale, the first reason of each case."""
    newest = _newest_builds(call for result in results for call in _calls(result))
    found = {}
    for result in results:
        whys = (_why_stale(call, newest, oldest) for call in _calls(result))
        if why := next(filter(None, whys), ""):
            found[result.id] = why
    return found


def _calls(result: CaseResult) -> Iterable[Response]:
    return (call for trial in result.trials for call in trial.calls)


def _newest_builds(calls: Iterable[Response]) -> Mapping[str, tuple[str, str]]:
    """Return when each model was last recorded, and its fingerprint then; by the model that was asked for."""
    newest: dict[str, tuple[str, str]] = {}
    for call in calls:
        if call.fingerprint:
            newest[call.request.model] = max(
                newest.get(call.request.model, ("", "")), (call.recorded_at, call.fingerprint)
            )
    return newest


def _why_stale(call: Response, newest: Mapping[str, tuple[str, str]], oldest: datetime | None) -> str:
    if call.provenance is not Provenance.REPLAYED:
        return ""
    recorded = _time(call.recorded_at)
    if oldest is not None and recorded is not None and recorded < oldest:
        return "recorded longer ago than llmeval_max_age allows"
    _, build = newest.get(call.request.model, ("", ""))
    if call.fingerprint and call.fingerprint != build:
        return f"recorded with another build of {call.request.model} than its newest recording"
    return ""


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

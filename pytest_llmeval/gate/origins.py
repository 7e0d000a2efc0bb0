"""Where the draws of a session came from, case by case: a new sample, the baseline's own, or too old to count on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmeval.gate.words import count, names
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
    stale = stale_cases(results, now=now, max_age_days=max_age_days)
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
    said += stale_sentences({case.id: case.stale for case in cases if case.stale})
    return tuple(said)


def stale_cases(
    results: Iterable[CaseResult], *, now: datetime, max_age_days: float | None = None
) -> Mapping[CaseId, str]:
    """Return why a case's answers are stale, the first reason of each case that has one; arguments as above."""
    every = list(results)
    builds = newest_builds(call for result in every for call in _calls(result))
    found = {}
    for result in every:
        whys = (why_stale(call, builds, now=now, max_age_days=max_age_days) for call in _calls(result))
        if why := next(filter(None, whys), ""):
            found[result.id] = why
    return dict(sorted(found.items()))


def stale_sentences(stale: Mapping[CaseId, str]) -> tuple[str, ...]:
    """Say how many cases are stale, by reason, the most common first, with the first few of them by name."""
    whys: dict[str, list[CaseId]] = {}
    for id_, why in stale.items():
        whys.setdefault(why, []).append(id_)
    ordered = sorted(whys.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(f"{count(len(ids), 'case')} stale: {why} ({names(ids)})" for why, ids in ordered)


def newest_builds(calls: Iterable[Response]) -> Mapping[str, tuple[str, str]]:
    """Return when each model was last recorded, and its fingerprint then; by the model that was asked for."""
    newest: dict[str, tuple[str, str]] = {}
    for call in calls:
        if call.fingerprint:
            newest[call.request.model] = max(
                newest.get(call.request.model, ("", "")), (call.recorded_at, call.fingerprint)
            )
    return newest


def why_stale(
    call: Response, builds: Mapping[str, tuple[str, str]], *, now: datetime, max_age_days: float | None
) -> str:
    """Say why a replayed answer is stale; empty where it is not.

    Args:
        call: an answer.
        builds: of ``newest_builds``.
        now: in UTC.
        max_age_days: age from which a recording is stale; None for never.
    """
    if call.provenance is not Provenance.REPLAYED:
        return ""
    if max_age_days is not None:
        recorded = _time(call.recorded_at)
        if recorded is not None and recorded < now - timedelta(days=max_age_days):
            return "recorded longer ago than llmeval_max_age allows"
    _, build = builds.get(call.request.model, ("", ""))
    if call.fingerprint and call.fingerprint != build:
        return f"recorded with another build of {call.request.model} than its newest recording"
    return ""


def _calls(result: CaseResult) -> Iterable[Response]:
    return (call for trial in result.trials for call in trial.calls)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

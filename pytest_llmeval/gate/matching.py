"""Lay the lines of a baseline beside those of a session: what can be compared, what cannot, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import Pair, whole
from pytest_llmeval.gate.replays import Replay, replay_of
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_llmeval.records import CheckId, Line


@dataclass(frozen=True, kw_only=True)
class Match:
    """One suite and metric, baseline beside session; every tuple sorted by id.

    Args:
        pairs: lines with fresh draws here and draws in the baseline: what is tested.
        replays: lines with draws that also stand in the baseline: what is compared exactly.
        added, removed, edited: in the session only, in the baseline only, in both with another input.
        other_version: in both, measured by another version of the metric.
        other_trials: case-level lines whose value stands for another number of trials.
        unscored: in both, without any value in one of them.
        lowered: in both, with a lower threshold here, or none.
    """

    pairs: tuple[Pair, ...]
    replays: tuple[Replay, ...]
    added: tuple[CheckId, ...]
    removed: tuple[CheckId, ...]
    edited: tuple[CheckId, ...]
    other_version: tuple[CheckId, ...]
    other_trials: tuple[CheckId, ...]
    unscored: tuple[CheckId, ...]
    lowered: tuple[CheckId, ...]


def match(baseline: Mapping[CheckId, Line], current: Mapping[CheckId, Line]) -> Match:
    """Lay two sets of lines beside each other."""
    common = sorted(baseline.keys() & current.keys())
    fates: dict[str, list[CheckId]] = {}
    for id_ in common:
        fates.setdefault(fate(baseline[id_], current[id_]), []).append(id_)
    pairs, replays = [], []
    for id_ in fates.get("compared", ()):
        known = {draw.origin for draw in baseline[id_].draws if draw.origin}
        fresh = [draw for draw in current[id_].draws if draw.origin not in known]
        if fresh:
            pairs.append(pair_of(baseline[id_], current[id_], known))
        replayed = [draw for draw in current[id_].draws if draw.origin in known]
        if replayed:
            replays.append(replay_of(id_, baseline[id_].draws, replayed, is_whole=not fresh))
    return Match(
        pairs=tuple(pairs),
        replays=tuple(replays),
        added=tuple(sorted(current.keys() - baseline.keys())),
        removed=tuple(sorted(baseline.keys() - current.keys())),
        edited=tuple(fates.get("edited", ())),
        other_version=tuple(fates.get("other version", ())),
        other_trials=tuple(fates.get("other trials", ())),
        unscored=tuple(fates.get("unscored", ())),
        lowered=tuple(id_ for id_ in common if _is_lowered(baseline[id_].threshold, current[id_].threshold)),
    )


def pair_of(before: Line, now: Line, known: Collection[str]) -> Pair:
    """Lay a line's fresh draws beside the baseline's.

    Args:
        before: the line on the baseline.
        now: the same line in the session.
        known: origins whose draws are the baseline's own; at least one of the session's is not among them.
    """
    fresh = [(place, draw) for place, draw in enumerate(now.draws) if draw.origin not in known]
    return Pair(
        id=now.id,
        baseline=whole(before.scores),
        current=whole(draw.score for _, draw in fresh),
        is_case_level=now.is_case_level,
        places=tuple(place if draw.trial < 0 else draw.trial for place, draw in fresh),
        n_trials=now.n_drawn,
        runs=tuple(draw.run for draw in before.draws),
    )


def fate(before: Line, now: Line) -> str:
    """Say whether two lines of one id can be compared, or else why not."""
    if before.input_hash != now.input_hash:
        return "edited"
    if not before.draws or not now.draws:
        return "unscored"
    if not now.is_comparable(before):
        return "other version"
    if now.is_case_level and before.n_trials != now.n_trials:
        return "other trials"
    return "compared"


def _is_lowered(before: float | None, now: float | None) -> bool:
    return before is not None and (now is None or now < before)

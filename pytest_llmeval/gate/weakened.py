"""Checks that see less than on the base version: lowered, made soft, skipped, renamed or gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.words import count, names
from pytest_llmeval.records import Baseline, CaseId, Weakened, WeakenedCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.records import CaseResult, CheckId, Line

_MOST_LISTED = 10


def find_weakened(
    base: Baseline, lines: Sequence[Line], results: Sequence[CaseResult], own: Baseline | None = None
) -> tuple[WeakenedCheck, ...]:
    """Return the checks of the base's baseline that this session holds to less, or not at all, sorted by id.

    Args:
        base: of the base commit, without the branch's acceptances.
        lines: of the session, with the branch's own thresholds.
        results: of the session; they tell a test that was skipped from one that is gone.
        own: the branch's baseline, where it is another one.
    """
    here = {line.id: line for line in lines}
    outcomes = {result.id: result.outcome for result in results}
    renamed = _renamed(base, here)
    found: list[WeakenedCheck] = []
    for id_, before in sorted(base.lines.items()):
        now = here.get(id_)
        if now is not None:
            found += _lowered(before, now)
        elif id_ in renamed:
            found.append(WeakenedCheck(id=id_, how=Weakened.RENAMED, now=str(renamed[id_])))
        else:
            found.append(WeakenedCheck(id=id_, how=_absence(outcomes.get(id_.case_id))))
        if own is not None and id_ not in own.lines and now is not None:
            found.append(WeakenedCheck(id=id_, how=Weakened.UNLISTED))
    return tuple(found)


def weakened_sentences(found: Sequence[WeakenedCheck]) -> Iterator[str]:
    """Say what was weakened, worst first: what no reviewer may miss one by one, what is gone in lists."""
    single = [one for one in found if one.how in _SINGLE]
    for one in single[:_MOST_LISTED]:
        yield _SINGLE[one.how].format(id=one.id, before=one.before, now=one.now)
    if len(single) > _MOST_LISTED:
        yield f"LOWERED and {count(len(single) - _MOST_LISTED, 'more check')}."
    for how, text in _LISTED.items():
        ids = [one.id for one in found if one.how is how]
        if ids:
            yield text.format(checks=count(len(ids), "check"), ids=names(ids))


_SINGLE = {
    Weakened.THRESHOLD: "LOWERED {id}: threshold {before} on main, {now} here.",
    Weakened.HARD: "LOWERED {id}: failed its test by itself on main, left to the gate here.",
    Weakened.REQUIRE: "LOWERED {id}: require={before} on main, {now} here.",
    Weakened.RENAMED: "GONE {id}: no longer compared; by its input it is now {now}, which has no baseline.",
}
_LISTED = {
    Weakened.SKIPPED: "GONE {checks}, skipped here: {ids}.",
    Weakened.REMOVED: "GONE {checks}, their test or case did not run here: {ids}.",
    Weakened.UNCHECKED: "GONE {checks}, not made by their test any more: {ids}.",
    Weakened.UNLISTED: "KEPT {checks} whose line this branch deleted, compared all the same: {ids}.",
}


def _lowered(before: Line, now: Line) -> Iterator[WeakenedCheck]:
    if before.threshold is not None and (now.threshold is None or now.threshold < before.threshold - 1e-9):
        yield WeakenedCheck(
            id=before.id, how=Weakened.THRESHOLD, before=_spelt(before.threshold), now=_spelt(now.threshold)
        )
    if before.require is not None and (now.require is None or now.require < before.require - 1e-9):
        yield WeakenedCheck(id=before.id, how=Weakened.REQUIRE, before=_spelt(before.require), now=_spelt(now.require))
    if before.is_hard and not now.is_hard:
        yield WeakenedCheck(id=before.id, how=Weakened.HARD)


def _spelt(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _absence(outcome: str | None) -> Weakened:
    if outcome is None:
        return Weakened.REMOVED
    return Weakened.SKIPPED if outcome == "skipped" else Weakened.UNCHECKED


def _renamed(base: Baseline, here: Mapping[CheckId, Line]) -> dict[CheckId, CaseId]:
    """Return new cases that measure, by the same metric, the very input that a vanished one did.

    Only where one vanished and one is new: of several twins nobody can tell who is who.
    """
    gone, new = _by_input(base.lines.keys() - here.keys(), base.lines), _by_input(here.keys() - base.lines.keys(), here)
    return {ids[0]: new[key][0].case_id for key, ids in gone.items() if len(ids) == 1 and len(new.get(key, ())) == 1}


def _by_input(ids: set[CheckId], lines: Mapping[CheckId, Line]) -> dict[tuple[str, str, int], list[CheckId]]:
    found: dict[tuple[str, str, int], list[CheckId]] = {}
    for id_ in sorted(ids):
        if lines[id_].input_hash:
            found.setdefault((lines[id_].input_hash, id_.metric, id_.nth), []).append(id_)
    return found

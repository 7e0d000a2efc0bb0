"""What judges were asked in a session, found again in it, and asked anew: the same material, of whoever judges now."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.assertions.judged import assert_prefers, graded
from pytest_llmeval.gather.checking import Terms
from pytest_llmeval.metrics.judge import rubric as rubrics
from pytest_llmeval.metrics.judge.material import material_of
from pytest_llmeval.records.score import JUDGED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_llmeval.records import Case, Check, Json, Response, Session

_PREFERENCE = "preference"
_LARGEST_PANEL = 6  # 720 orders
# The part that is judged, in the order in which rubrics have them.
_JUDGED = ("answer", "conversation", "first")


class Old(NamedTuple):
    """A judged check of a session.

    Args:
        name: case, arm and trial, as a person reads them.
        check: as it is stored.
        rubric: name of the rubric.
        criterion: in plain words.
        parts: the material, by name; empty where the session does not hold it.
    """

    name: str
    check: Check
    rubric: str = ""
    criterion: str = ""
    parts: Mapping[str, str] = {}


def judged_checks(session: Session) -> Iterator[Old]:
    """Yield every judged check of a session, with the material that its judge was shown."""
    for result in session.results:
        arm = f" @{result.arm}" if result.arm else ""
        for trial in result.trials:
            for check in trial.checks:
                if check.score.version.startswith(JUDGED):
                    yield with_material(Old(f"{result.id}{arm} trial {trial.index}", check), trial.judge_calls)


def with_material(old: Old, calls: Sequence[Response]) -> Old:
    """Find the call that made a judged score: the one of whose models, texts and settings the score's version is made.

    Args:
        old: the check alone.
        calls: the judge's, of its trial.
    """
    name = str(old.check.score.detail.get("rubric", "")).rpartition("-")[0]
    if not name:
        return old
    rubric, kind = rubrics.load(name), "prefer" if name == _PREFERENCE else "grade"
    for call in calls:
        found = material_of(call.request.messages)
        if found is None or not _is_of(old.check, found[1]):
            continue
        asked = rubric.with_criterion(found[0])
        models = {other.request.model for other in calls if other.request.messages == call.request.messages}
        versions = (rubrics.version_of(asked, kind, panel, call.request.settings) for panel in _orders(models))
        if old.check.score.version in versions:
            return old._replace(rubric=name, criterion=found[0], parts=found[1])
    return old


def _orders(models: Collection[str]) -> Iterator[Sequence[str]]:
    """Yield the orders in which a panel may have been named: its calls are stored in the order of their replies."""
    return permutations(sorted(models)) if len(models) <= _LARGEST_PANEL else iter([sorted(models)])


def _is_of(check: Check, parts: Mapping[str, str]) -> bool:
    return (judged_text(parts) or "").startswith(check.output)


def judged_text(parts: Mapping[str, str]) -> str | None:
    """Return what was judged, of the material that a judge was shown; None where it is not there."""
    return next((parts[name] for name in _JUDGED if name in parts), None)


def as_answer(old: Old) -> dict[str, Json]:
    """Return what ``graded_again`` needs of a check, as fields of a case."""
    check = old.check
    asked: dict[str, Json] = {"metric": check.score.metric, "rubric": old.rubric, "criterion": old.criterion}
    return {"output": "", **asked, "parts": dict(old.parts), "threshold": check.threshold}


def graded_again(case: Case) -> Check:
    """Let the judge of the running test grade what another one has graded."""
    data, parts = case.data, dict(case.data["parts"])
    if data["rubric"] == _PREFERENCE:
        return assert_prefers(
            parts["first"],
            parts["second"],
            data["criterion"],
            question=parts.get("question"),
            threshold=data["threshold"],
        )
    as_ = next(name for name in _JUDGED if name in parts)
    rubric = rubrics.load(data["rubric"]).with_criterion(data["criterion"])
    return graded(data["metric"], parts.pop(as_), rubric, parts, Terms(data["threshold"], None), as_=as_)

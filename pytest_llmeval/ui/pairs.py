"""Two sessions, or two variants of one → each line of both, with its two answers; and what the gate would say of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.commands.baseline.differences import differences, mean
from pytest_llmeval.records import Baseline, tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.commands.baseline.differences import Difference
    from pytest_llmeval.records import CaseResult, Check, CheckId, Json, Line, Session

ALL, OTHER = "all", "other answer"
ORDERS = ("largest fall first", "largest rise first", "largest change first", "by name")


class Side(NamedTuple):
    """One of the two.

    Args:
        session: whole.
        arm: its variant that is meant; None for all of it.
        name: for a person.
    """

    session: Session
    arm: str | None
    name: str


class Answered(NamedTuple):
    """What the trial of a line that scored lowest was asked, what it answered, and what the check made of it."""

    question: str
    text: str
    check: Check


class Pair(NamedTuple):
    """One line of both sides.

    Args:
        id: of the line, without its variant where variants are compared.
        word: what became of it, as ``llmeval sessions compare`` says it.
        suite: of its case.
        before, now: the means, in [0, 1]; None where there is none.
        old, new: the answers; None where a side has none.
        note: why the two cannot be compared, or what else changed.
    """

    id: CheckId
    word: str
    suite: str
    before: float | None
    now: float | None
    old: Answered | None
    new: Answered | None
    note: str = ""

    @property
    def change(self) -> float | None:
        """The second minus the first, positive is better; None where they cannot be compared."""
        return None if self.before is None or self.now is None or self.word == "edited" else self.now - self.before

    @property
    def is_other_answer(self) -> bool:
        """Whether the two answers that are shown differ."""
        return self.old is not None and self.new is not None and self.old.text != self.new.text


def pairs(first: Side, second: Side) -> list[Pair]:
    """Return every line of either side, sorted by id."""
    before, now = _lines(first), _lines(second)
    old, new = _answers(first), _answers(second)
    is_whole = not second.session.is_partial
    return [_pair(one, old, new) for one in differences(before, list(now.values()), is_whole=is_whole)]


def picked(found: Sequence[Pair], *, word: str = ALL, metric: str = ALL, text: str = "", order: str = "") -> list[Pair]:
    """Return the pairs that are asked for, in an order.

    Args:
        found: as ``pairs`` returns them.
        word: what became of them, "other answer", or "all".
        metric: its name, or "all".
        text: in names, questions or answers, in any case of its letters.
        order: one of ``ORDERS``; what cannot be compared stands last.
    """
    wanted = text.casefold().strip()
    shown = [
        one
        for one in found
        if word in (ALL, one.word) or (word == OTHER and one.is_other_answer)
        if metric in (ALL, one.id.metric)
        if not wanted or any(wanted in part.casefold() for part in _texts(one))
    ]
    signs = {ORDERS[0]: 1.0, ORDERS[1]: -1.0}
    if order in signs:
        return sorted(shown, key=lambda one: (one.change is None, signs[order] * (one.change or 0.0), one.id))
    if order == ORDERS[2]:
        return sorted(shown, key=lambda one: (one.change is None, -abs(one.change or 0.0), one.id))
    return sorted(shown, key=lambda one: one.id)


def words(found: Sequence[Pair]) -> list[str]:
    """Return what became of lines, behind "all"."""
    return [ALL, OTHER, *sorted({one.word for one in found})]


def cells(found: Sequence[Pair]) -> list[dict[str, Json]]:
    """Return the pairs as rows of a table."""
    return [
        {
            "": one.word,
            "suite": one.suite,
            "case and metric": str(one.id),
            "first": one.before,
            "second": one.now,
            "change": one.change,
            "note": one.note,
        }
        for one in found
    ]


def of_case(found: Sequence[Pair], one: Pair) -> list[Pair]:
    """Return all lines of a pair's case and answers, its own first."""
    same = [other for other in found if other.id.case_id == one.id.case_id and other.id.arm == one.id.arm]
    return sorted(same, key=lambda other: other is not one)


def sentences(first: Side, second: Side) -> list[str]:
    """Return what ``llmeval sessions compare``, or of two variants ``llmeval compare``, says of the two."""
    if first.arm is not None and first.session is second.session:
        from pytest_llmeval.commands.compare import contest_of

        return list(contest_of(first.session, reference=first.arm).sentences)
    from pytest_llmeval import gate

    verdict = gate.decide(gate.compare_all(Baseline(lines=_lines(first)), list(_lines(second).values())))
    head = f"if the first were the baseline (called main here): {verdict.verdict.upper()}"
    return [head, *verdict.sentences]


def _lines(side: Side) -> Mapping[CheckId, Line]:
    from pytest_llmeval import gate

    lines = gate.lines_of(side.session.id, side.session.results)
    if side.arm is None:
        return {line.id: line for line in lines}
    own = (replace(line, id=line.id._replace(arm="")) for line in lines if line.id.arm == side.arm)
    return {line.id: line for line in own}


def _answers(side: Side) -> dict[CheckId, Answered]:
    return {
        found.id if side.arm is None else found.id._replace(arm=""): _answered(result, found.worst)
        for result in side.session.results
        if side.arm in (None, result.arm)
        for found in tally(*result.id, result.trials, result.checks, arm=result.arm)
    }


def _answered(result: CaseResult, check: Check) -> Answered:
    calls = [call for trial in result.trials for call in trial.calls]
    own = next((call for call in calls if check.origin and call.origin == check.origin), None)
    asked = own or next(iter(calls), None)
    text = own.text if own is not None else check.output
    question = asked.request.question if asked is not None else ""
    return Answered(question, text, check)


def _pair(one: Difference, old: Mapping[CheckId, Answered], new: Mapping[CheckId, Answered]) -> Pair:
    id_ = one.line.id
    return Pair(
        id_,
        one.word,
        one.line.suite,
        mean(one.old),
        mean(one.new),
        old.get(id_) if one.old else None,
        new.get(id_) if one.new else None,
        one.note,
    )


def _texts(one: Pair) -> Iterator[str]:
    yield str(one.id)
    for side in (one.old, one.new):
        if side is not None:
            yield side.question
            yield side.text

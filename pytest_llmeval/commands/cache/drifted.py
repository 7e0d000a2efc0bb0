"""Two sessions of the same tests, one on stored answers and one on new ones → what became of scores and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.commands.baseline.differences import Difference, differences
from pytest_llmeval.records import Baseline, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmeval.records import CaseId, Response, Session, SessionVerdict


class AnswerPair(NamedTuple):
    """An answer and what stands in its place now.

    Args:
        id: whose.
        trial: of the case.
        is_judge: whether a judge gave it.
        old, new: the answers.
    """

    id: CaseId
    trial: int
    is_judge: bool
    old: Response
    new: Response

    @property
    def is_changed(self) -> bool:
        """Whether its words, or how it ended, are others now."""
        return self.old.text != self.new.text or self.old.outcome is not self.new.outcome


class Build(NamedTuple):
    """What a provider says that a model is: the names and fingerprints of its answers, then and now."""

    model: str
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether the provider names another build."""
        return self.old != self.new


class Drifted(NamedTuple):
    """What was found.

    Args:
        scores: each line of both sessions that can be compared, old against new, sorted.
        verdict: the gate's word on the new draws against the old ones.
        builds: one a model, sorted.
        answers: every pair, those of the lowest falls first.
        unrecorded: tests that have no stored answer, or only some: nothing to compare with.
    """

    scores: tuple[Difference, ...]
    verdict: SessionVerdict
    builds: tuple[Build, ...]
    answers: tuple[AnswerPair, ...]
    unrecorded: tuple[str, ...]

    @property
    def has_drifted(self) -> bool:
        """Whether scores moved by more than chance explains, in either direction."""
        return self.verdict.verdict in (Verdict.REGRESSED, Verdict.IMPROVED)


def drifted(old: Session, new: Session) -> Drifted:
    """Compare new draws with the stored ones, as the gate compares a session with its baseline.

    Args:
        old: on what is stored.
        new: on what was drawn anew, by the same code.
    """
    from pytest_llmeval import gate

    unrecorded = tuple(result.nodeid for result in old.results if result.has_miss)
    left_out = {result.id for result in old.results if result.has_miss}
    before = {line.id: line for line in gate.lines_of(old.id, old.results) if line.id.case_id not in left_out}
    now = [line for line in gate.lines_of(new.id, new.results) if line.id in before]
    verdict = gate.decide(gate.compare_all(Baseline(lines=before), now))
    scores = differences(before, now, is_whole=True)
    pairs = list(_pairs(old, new))
    falls = _falls(scores)
    pairs.sort(key=lambda pair: (-falls.get(pair.id, 0.0), pair.id, pair.trial))
    return Drifted(tuple(scores), verdict, _builds(pairs), tuple(pairs), unrecorded)


def _falls(scores: Sequence[Difference]) -> Mapping[CaseId, float]:
    from pytest_llmeval.commands.baseline.differences import mean

    falls: dict[CaseId, float] = {}
    for one in scores:
        old, new = mean(one.old), mean(one.new)
        if old is not None and new is not None:
            falls[one.line.id.case_id] = max(falls.get(one.line.id.case_id, -1.0), old - new)
    return falls


def _pairs(old: Session, new: Session) -> Iterator[AnswerPair]:
    """Pair the answers by their place: a later turn's request holds the answers before it, so keys would not do."""
    anew = {result.id: {trial.index: trial for trial in result.trials} for result in new.results}
    for result in old.results:
        for trial in result.trials:
            other = anew.get(result.id, {}).get(trial.index)
            if other is None:
                continue
            for is_judge, then, now in (
                (False, trial.calls, other.calls),
                (True, trial.judge_calls, other.judge_calls),
            ):
                for was, is_ in zip(then, now, strict=False):
                    yield AnswerPair(result.id, trial.index, is_judge, was, is_)


def _builds(pairs: Iterable[AnswerPair]) -> tuple[Build, ...]:
    named: dict[str, tuple[set[str], set[str]]] = {}
    for pair in pairs:
        then, now = named.setdefault(pair.old.request.model, (set(), set()))
        then.add(_build(pair.old))
        now.add(_build(pair.new))
    return tuple(Build(model, tuple(sorted(then)), tuple(sorted(now))) for model, (then, now) in sorted(named.items()))


def _build(response: Response) -> str:
    return " ".join(filter(None, (response.model, response.fingerprint))) or "no name"

"""Results of cases beside what they were in the run before → the scores that moved, the words that changed."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.commands.baseline.differences import columns, differences, mean, rows
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.exports.word_diff import word_diff
from pytest_llmeval.exports.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.commands.baseline.differences import Difference
    from pytest_llmeval.records import CaseId, CaseResult, Trial

_N_SCORES, _N_ANSWERS = 30, 10


class Answer(NamedTuple):
    """A text, and what stands in its place now.

    Args:
        id: of the case.
        who: the case, its arm and the trial, in words.
        old, new: the texts.
    """

    id: CaseId
    who: str
    old: str
    new: str


class Moved(NamedTuple):
    """What became of some cases.

    Args:
        n_cases: that can be compared.
        n_scores: lines of their metrics.
        scores: those that are others now, the lowest falls first.
        answers: those that are others now, one of each case first, in the same order.
        n_answers: that were compared.
    """

    n_cases: int
    n_scores: int
    scores: tuple[Difference, ...]
    answers: tuple[Answer, ...]
    n_answers: int


def moved(pairs: Sequence[tuple[CaseResult, CaseResult]]) -> Moved:
    """Compare results with those of the run before.

    Args:
        pairs: of each case, what it was and what it is.
    """
    from pytest_llmeval import gate

    before = {line.id: line for line in gate.lines_of("before", tuple(old for old, _ in pairs))}
    now = gate.lines_of("now", tuple(new for _, new in pairs))
    every = differences(before, now, is_whole=True)
    scores = sorted((one for one in every if one.word != "same"), key=_change)
    places = {one.line.id.case_id: place for place, one in reversed(list(enumerate(scores)))}
    answers = [answer for old, new in pairs for answer in _answers(old, new)]
    changed = [answer for answer in answers if answer.old.split() != answer.new.split()]
    nth: Counter[CaseId] = Counter()
    ranks = []
    for answer in changed:
        ranks.append((nth[answer.id], places.get(answer.id, len(scores))))
        nth[answer.id] += 1
    ranked = [answer for _, answer in sorted(zip(ranks, changed, strict=True), key=itemgetter(0))]
    return Moved(len(pairs), len(every), tuple(scores), tuple(ranked), len(answers))


def _change(one: Difference) -> float:
    """Return how far a mean rose; of what cannot be compared as if it had not moved."""
    old, new = mean(one.old), mean(one.new)
    return 0.0 if old is None or new is None or one.word == "edited" else new - old


def say_moved(found: Moved) -> None:
    """Print it, the scores first."""
    if not found.n_cases:
        return
    say("")
    if found.scores:
        say_table(columns("before", "now"), rows(found.scores[:_N_SCORES]))
    if len(found.scores) > _N_SCORES:
        say(f"{len(found.scores) - _N_SCORES} more moved")
    scores, answers = count(found.n_scores, "score"), count(found.n_answers, "answer")
    say(f"against the run before: {len(found.scores)} of {scores} and {len(found.answers)} of {answers} changed")
    for answer in found.answers[:_N_ANSWERS]:
        say(f"  {inert(answer.who, limit=300)}", f"    {word_diff(answer.old, answer.new)}")
    if len(found.answers) > _N_ANSWERS:
        say(f"  {len(found.answers) - _N_ANSWERS} more changed")


def _answers(old: CaseResult, new: CaseResult) -> Iterator[Answer]:
    then = {trial.index: trial for trial in old.trials if not trial.is_unscored}
    for trial in new.trials:
        if trial.index not in then or trial.is_unscored:
            continue
        arm = f" @{new.arm}" if new.arm else ""
        who = f"{new.id}{arm}, trial {trial.index}" if len(new.trials) > 1 else f"{new.id}{arm}"
        for was, is_ in zip(_texts(then[trial.index]), _texts(trial), strict=False):
            yield Answer(new.id, who, was, is_)


def _texts(trial: Trial) -> Sequence[str]:
    """Return the answers of a trial; where it called nobody through us, what its checks judged."""
    return [call.text for call in trial.calls] or list(dict.fromkeys(check.output for check in trial.checks))

"""Which answers a person should label next: of all that sessions hold, those that tell most, or a random sample.

In: candidates, and the labels that there are. Out: picks, the first to be labelled first. Whoever labels sees no score
before the answer is given: a person who knows what the metric says is no second opinion.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.records import CheckId, digest
from pytest_llmeval.records.label import DISAGREEMENT, RANDOM, THRESHOLD, Label, standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmeval.records import Json


_MIDDLE = 0.5  # of what people say: good from there on


class Candidate(NamedTuple):
    """One answer of a session, to be judged by one metric.

    Args:
        draft: what a label of it holds, whoever gives it; its value says nothing.
        check: who the check is, over all trials.
        score: in [0, 1]; None is unscored.
        threshold: pass mark in [0, 1]; None where the check only records.
        reason: of the score.
        opinions: of each judge of a panel, in [0, 1].
        messages: what the model was asked, as messages; empty where that is not known.
    """

    draft: Label
    check: CheckId
    score: float | None = None
    threshold: float | None = None
    reason: str = ""
    opinions: tuple[float, ...] = ()
    messages: tuple[Mapping[str, Json], ...] = ()

    @property
    def passed(self) -> bool | None:
        """Whether it reaches its threshold; None where it is unscored, or has none."""
        return None if self.score is None or self.threshold is None else self.score >= self.threshold


class Pick(NamedTuple):
    """A candidate, and why it is this one's turn: ``picked`` as of a Label, ``why`` for a person, after the label."""

    candidate: Candidate
    picked: str
    why: str = ""

    def label(self, value: float, *, who: str, when: str, why: str = "") -> Label:
        """Return the label that a person gives it.

        Args:
            value: in [0, 1], as of a Label.
            who: the person.
            when: ISO 8601 in UTC, to the second.
            why: in the person's words.
        """
        return replace(self.candidate.draft, value=float(value), who=who, when=when, why=why, picked=self.picked)


def queue(
    candidates: Iterable[Candidate], labels: Sequence[Label], *, by: str, who: str = "", seed: int = 0
) -> list[Pick]:
    """Return what a person should label, the first first.

    Left out is what the person has labelled. In random order only what was picked at random counts as labelled: an
    answer that was picked because it looked odd must have its turn among the others, or they would be no random sample.

    Args:
        candidates: of all sessions; one answer is a candidate once, as the first of its subject stands here.
        labels: all that there are, of everybody, in the order of their file.
        by: ``disagreement``: where judges, metrics, trials or people do not agree, the widest first, and of each case
            the first before the second of any; ``threshold``: the scores nearest to their threshold first; ``random``.
        who: the person; empty for whoever has given no name.
        seed: of the random order, which stays as it is when sessions and labels are added.
    """
    known = standing(labels)
    own = {label.subject for label in known if label.who == who and (by != RANDOM or label.picked == RANDOM)}
    every: dict[str, Candidate] = {}
    for candidate in candidates:
        every.setdefault(candidate.draft.subject, candidate)
    left = [candidate for subject, candidate in every.items() if subject not in own]
    if by == RANDOM:
        return [Pick(one, RANDOM) for one in sorted(left, key=lambda one: digest([seed, one.draft.subject]))]
    if by == THRESHOLD:
        return _by_threshold(left)
    return _by_disagreement(left, list(every.values()), known)


def _by_threshold(left: Sequence[Candidate]) -> list[Pick]:
    near = [
        (abs(one.score - one.threshold), one.draft.subject, one)
        for one in left
        if one.score is not None and one.threshold is not None
    ]
    return [
        Pick(one, THRESHOLD, f"the score {one.score:.2f} is {distance:.2f} from its threshold")
        for distance, _, one in sorted(near)
    ]


def _by_disagreement(left: Sequence[Candidate], every: Sequence[Candidate], known: Sequence[Label]) -> list[Pick]:
    said: dict[str, list[Label]] = defaultdict(list)
    for label in known:
        said[label.subject].append(label)
    of_answer: dict[str, list[Candidate]] = defaultdict(list)
    of_case: dict[CheckId, list[Candidate]] = defaultdict(list)
    for one in every:
        of_answer[one.draft.judged.origin].append(one)
        of_case[one.check].append(one)
    among_trials = {check: _of_trials(trials) for check, trials in of_case.items()}
    found = []
    for one in left:
        origin = one.draft.judged.origin
        beside = of_answer[origin] if origin else ()
        width, why = max(
            _of_people(one, said[one.draft.subject]),
            _of_panel(one),
            _of_metrics(one, beside),
            among_trials[one.check],
        )
        if width > 0:
            found.append((-width, one.draft.subject, Pick(one, DISAGREEMENT, why)))
    return _in_turns([pick for _, _, pick in sorted(found, key=lambda one: one[:2])])


def _in_turns(picks: Sequence[Pick]) -> list[Pick]:
    """Let no case come a second time before each has come once: its trials are much alike."""
    n_before: dict[CheckId, int] = defaultdict(int)
    turns = []
    for pick in picks:
        turns.append(n_before[pick.candidate.check])
        n_before[pick.candidate.check] += 1
    return [picks[place] for place in sorted(range(len(picks)), key=lambda place: (turns[place], place))]


def _of_people(one: Candidate, labels: Sequence[Label]) -> tuple[float, str]:
    """Between people, or a person and the score."""
    values = [label.value for label in labels]
    named = ", ".join(f"{label.who or 'somebody'} says {label.value:g}" for label in labels)
    width = max(values) - min(values) if values else 0.0
    is_good = [value >= _MIDDLE for value in values]
    if one.score is not None and one.passed is not None and (not one.passed) in is_good:
        width = max(width, *(abs(value - one.score) for value in values))
    return (width, f"{named}, the score is {_shown(one.score)}") if width else (0.0, "")


def _of_panel(one: Candidate) -> tuple[float, str]:
    if len(one.opinions) < 2:  # noqa: PLR2004 - one agrees with itself
        return 0.0, ""
    return max(one.opinions) - min(one.opinions), f"the judges say {', '.join(f'{said:.2f}' for said in one.opinions)}"


def _of_metrics(one: Candidate, beside: Sequence[Candidate]) -> tuple[float, str]:
    """Between the metrics of one answer: one passes it, and another does not."""
    if one.score is None or one.passed is None:
        return 0.0, ""
    apart = [
        (abs(one.score - other.score), other)
        for other in beside
        if other.score is not None and other.passed is not None and other.passed != one.passed
    ]
    if not apart:
        return 0.0, ""
    width, other = max(apart, key=lambda found: found[0])
    return width, f"{one.check.metric} says {one.score:.2f}, {other.check.metric} {_shown(other.score)}"


def _of_trials(trials: Sequence[Candidate]) -> tuple[float, str]:
    """Between the trials of one case: some pass, and some do not."""
    decided = [one.passed for one in trials if one.passed is not None]
    if len(set(decided)) < 2:  # noqa: PLR2004 - both
        return 0.0, ""
    scores = [one.score for one in trials if one.score is not None]
    width = math.fsum((max(scores), -min(scores)))
    return width, f"{sum(decided)} of {len(decided)} answers to this case pass"


def _shown(score: float | None) -> str:
    return "unscored" if score is None else f"{score:.2f}"

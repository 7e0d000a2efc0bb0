"""Stored answers and a file of labels → the answer whose turn it is, and the label that a person gives it."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement.queue import queue
from pytest_llmeval.commands.judge.arguments import OF_PAIRS, rubric_of
from pytest_llmeval.commands.label.candidates import collect
from pytest_llmeval.commands.project import Project
from pytest_llmeval.metrics.judge import rubric as rubrics
from pytest_llmeval.records.label import DISAGREEMENT, RANDOM, THRESHOLD, standing
from pytest_llmeval.ui.cases import as_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llmeval.agreement.queue import Candidate, Pick
    from pytest_llmeval.commands.label.candidates import Collected
    from pytest_llmeval.records import Json
    from pytest_llmeval.records.label import Label

ORDERS: Mapping[str, str] = {
    DISAGREEMENT: "where opinions differ",
    THRESHOLD: "near the threshold",
    RANDOM: "at random",
}
"""Whose turn it is, and how a person is told it."""
WHY: Mapping[str, str] = {
    DISAGREEMENT: "Opinions of judges, metrics, trials or people. These answers tell the most about a judge; they say "
    "nothing about how good the whole suite is.",
    THRESHOLD: "These answers move the threshold the most; they say nothing about how good the whole suite is.",
    RANDOM: "A random sample: the only one from which people's word on a few answers says what they would say of all "
    "(llmeval judge check --session).",
}
_GOOD_FROM = 0.5


class Choice(NamedTuple):
    """One thing that a person can say: its word, the key that says it, and the value of the label."""

    word: str
    shortcut: str
    value: float


_OF_ONE = (Choice("Good", "g", 1.0), Choice("Bad", "b", 0.0))
_OF_TWO = (Choice("The first is better", "1", 1.0), Choice("A tie", "t", 0.5), Choice("The second is better", "2", 0.0))


def answers(found: Project, path: Path) -> Collected:
    """Return all answers of a session's file about which people can be asked; the last ones stay in memory.

    Raises:
        StoreError: the session cannot be read.
    """
    stamp = path.stat() if path.exists() else None
    return _answers(found.root, path, (stamp.st_mtime_ns, stamp.st_size) if stamp else (0, 0))


def metrics(collected: Collected) -> list[str]:
    """Return the metrics that scored them, those of panels of judges first: there is most to be asked about those."""
    n_judges: dict[str, int] = {}
    for one in collected.candidates:
        n_judges[one.check.metric] = max(n_judges.get(one.check.metric, 0), len(one.opinions))
    return sorted(n_judges, key=lambda name: (-n_judges[name], name))


def turn(
    collected: Collected, labels: Sequence[Label], *, metric: str, by: str, who: str, skipped: Collection[str] = ()
) -> list[Pick]:
    """Return what a person should label by a metric, the first first.

    Args:
        collected: of a session.
        labels: all that there are, in the order of their file.
        metric: its name.
        by: one of ``ORDERS``.
        who: the person.
        skipped: subjects that this person would not judge now.
    """
    # All of them take part: a second metric that says otherwise of the same answer is a disagreement.
    picks = queue(collected.candidates, labels, by=by, who=who)
    return [
        pick for pick in picks if pick.candidate.check.metric == metric and pick.candidate.draft.subject not in skipped
    ]


def choices(candidate: Candidate) -> Sequence[Choice]:
    """Return what a person can say of it."""
    return _OF_TWO if candidate.draft.metric == OF_PAIRS and candidate.draft.other is not None else _OF_ONE


def criterion(candidate: Candidate) -> str:
    """Return what is to be judged, in plain words, as a judge is told it; empty for a metric that has only a name."""
    draft = candidate.draft
    if draft.rubric:
        return draft.rubric
    # Of ours are those of which labelled answers can be scored; a metric of that name is nobody else's.
    name = rubric_of(draft.metric)
    return rubrics.load(name).criterion.strip() if name else ""


def material(candidate: Candidate) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return all that a person needs to judge an answer, as names and texts; never a score.

    Returns:
        What the model was told before the last question, and from there on what is judged with the answer.
    """
    draft = candidate.draft
    messages = [(str(one.get("role", "message")), as_text(one.get("content"))) for one in candidate.messages]
    # In capitals are the parts that criteria speak of.
    beside: dict[str, Json] = {"REFERENCE": draft.expected, "SOURCE": draft.context, **draft.data}
    if not messages:
        beside = {"QUESTION": draft.input, **beside}
    last = max((place for place, (role, _) in enumerate(messages) if role == "user"), default=0)
    if messages[last:] and messages[last][0] == "user":
        messages[last] = "QUESTION", messages[last][1]
    known = [(name, as_text(value)) for name, value in beside.items() if value is not None]
    return messages[:last], [*messages[last:], *known]


def agrees(candidate: Candidate, label: Label) -> bool | None:
    """Whether the score says what the person said; None where it says nothing."""
    return None if candidate.passed is None else candidate.passed == (label.value >= _GOOD_FROM)


def revealed(pick: Pick, label: Label) -> Iterator[str]:
    """Yield what a person sees after the label: the score, its reason, and why it was this answer's turn."""
    one = pick.candidate
    score = "unscored" if one.score is None else f"{one.score:.2f}"
    mark = "" if one.threshold is None else f", threshold {one.threshold:g}"
    agreed = {True: "The score agrees with you", False: "The score does not agree with you", None: "The score"}
    yield f"{agreed[agrees(one, label)]}: {one.check.metric} {score}{mark}"
    if one.reason:
        yield f"because {one.reason}"
    if pick.why:
        yield f"picked because {pick.why}"


def progress(labels: Sequence[Label], metric: str, who: str) -> str:
    """Say how many answers a person has labelled by a metric, and how many of them were picked at random."""
    own = [label for label in standing(labels) if (label.metric, label.who) == (metric, who)]
    picked = Counter(label.picked for label in own)
    good = sum(label.value >= _GOOD_FROM for label in own)
    return f"{who}: {len(own)} labelled, {good} good, {len(own) - good} bad; {picked[RANDOM]} of them picked at random"


@lru_cache(4)
def _answers(root: Path, path: Path, _stamp: tuple[int, int]) -> Collected:
    return collect(Project(root=root), session=str(path))

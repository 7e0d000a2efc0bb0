"""One human judgement of one answer. Not among the names of the package ``records``: no run of pytest needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property

from pytest_llmeval.records.exchange import Json, digest
from pytest_llmeval.records.frozen import dataclass

DISAGREEMENT, THRESHOLD, RANDOM = "disagreement", "threshold", "random"
PICKED = (DISAGREEMENT, THRESHOLD, RANDOM)
"""How an answer can have been picked to be labelled."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was judged, where it came from a session.

    Args:
        session: its id.
        test, case: of the case's id.
        trial: from 0; None where it is not known.
        origin: identity of the answer.
    """

    session: str = ""
    test: str = ""
    case: str = ""
    trial: int | None = None
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class Label:
    """What one person says of one answer by one criterion.

    Args:
        output: the answer.
        value: in [0, 1]: 0 bad, 1 good, or a grade between; of a pair 1 if ``output`` is better, 0 if ``other`` is,
            0.5 for a tie.
        metric: the criterion's name.
        rubric: the criterion in plain words, where it is one of the user's own.
        input: what was asked.
        expected: the reference.
        context: the source.
        other: the answer that it was compared with; None where it was judged by itself.
        who: the person.
        when: ISO 8601.
        why: in the person's words.
        picked: how the answer came to be labelled, one of ``PICKED``; empty where nobody knows.
        judged: what was judged.
        data: every other field, for metrics of the user's own.
    """

    output: str
    value: float
    metric: str = ""
    rubric: str = ""
    input: Json = None
    expected: Json = None
    context: Json = None
    other: str | None = None
    who: str = ""
    when: str = ""
    why: str = ""
    picked: str = ""
    judged: Judged = field(default_factory=Judged)
    data: Mapping[str, Json] = field(default_factory=dict)

    @cached_property
    def subject(self) -> str:
        """Identity of what is judged: an answer, by a criterion; the same in every session that replays the answer."""
        of_session = self.judged.origin
        answer: Json = of_session or [self.input, self.output, self.expected, self.context, dict(self.data)]
        return digest([self.metric, self.rubric, self.other, answer])[:16]


def standing(labels: Sequence[Label]) -> list[Label]:
    """Return the labels that count, in their order: of several by one person of one subject, the last one.

    Args:
        labels: in the order of their file.
    """
    return [label for label, stands in zip(labels, stand(labels), strict=True) if stands]


def stand(labels: Sequence[Label]) -> list[bool]:
    """Say of each label whether it counts; see ``standing``.

    The last is the one of the latest ``when``; where that does not tell, the one further down. Who is not named may be
    anybody, so that all labels without a name count.

    Args:
        labels: in the order of their file.
    """
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for number, label in enumerate(labels):
        key = (label.who, label.subject)
        last[key] = max(last.get(key, ("", -1)), (label.when, number))
    return [not label.who or last[label.who, label.subject][1] == number for number, label in enumerate(labels)]

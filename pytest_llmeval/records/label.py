"""One human judgement of one answer. Not among the names of the package ``records``: no run of pytest needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pytest_llmeval.records.exchange import Json
from pytest_llmeval.records.frozen import dataclass


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
    judged: Judged = field(default_factory=Judged)
    data: Mapping[str, Json] = field(default_factory=dict)

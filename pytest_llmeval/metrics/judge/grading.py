"""Ask a judge, or a panel of them, for a grade of one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_llmeval.calls.coroutines import landed
from pytest_llmeval.errors import ProviderError
from pytest_llmeval.metrics.judge import material, replies
from pytest_llmeval.metrics.judge.expected import expected_grade
from pytest_llmeval.metrics.judge.panel import Opinion, combined
from pytest_llmeval.metrics.judge.rubric import HIGHEST, LOWEST, Rubric, version_of
from pytest_llmeval.metrics.judge.speaking import speaks_to_its_judge
from pytest_llmeval.records import Score

if TYPE_CHECKING:
    from pytest_llmeval.calls.judge import Judge
    from pytest_llmeval.records import Json, Response


# Parts that somebody under test has written.
_ANSWERS = ("answer", "first", "second")


def graded_version(rubric: Rubric, judge: Judge) -> str:
    """Return the version of the scores that this judge gives by this rubric."""
    return version_of(rubric, "grade", judge.models, material.settings("grade", judge.settings))


async def grade(metric: str, rubric: Rubric, parts: Mapping[str, str], judge: Judge) -> Score:
    """Return the grade as a score: grade 1 is 0, grade 5 is 1, evenly between; the panel's rule stands in ``panel``.

    Unscored where the provider failed or the reply cannot be believed (``replies``). Of an answer that speaks to its
    judge (``speaking``) only the worst grade stands, which nobody can have been talked into; any other leaves it
    unscored, for a person to look at.

    Args:
        metric: name of the score.
        rubric: what is graded by.
        parts: texts by name: ``answer``, ``question``, ``reference``, ``source``, ``conversation``, ``goal``,
            ``first``, ``second``, ``difference``, ``prompt``, ``attack``.
        judge: who is asked, all models at once.
    """
    asked = material.messages(rubric, "grade", parts)
    settings = material.settings("grade", judge.settings)
    # All are on their way before the first is waited for.
    coming = [judge(asked, model=model, **settings) for model in judge.models]
    opinions, detail = await _opinions(judge.models, coming)
    value, reason = combined(opinions)
    detail["rubric"] = f"{rubric.name}-{rubric.version}"
    spoken = _spoken(parts)
    if spoken:
        detail["suspicious"] = spoken
        if value:
            value, reason = None, f"the answer {spoken}: no grade of it is believed but the worst"
    return Score(metric=metric, value=value, reason=reason, version=graded_version(rubric, judge), detail=detail)


def _spoken(parts: Mapping[str, str]) -> str:
    """Say in which way a part that somebody under test, or an attacker, has written speaks to the judge."""
    found = [speaks_to_its_judge(parts.get(name, "")) for name in _ANSWERS]
    found.append(speaks_to_its_judge(parts.get("conversation", ""), has_turns=True))
    found.append(speaks_to_its_judge(parts.get("attack", ""), is_attack=True))
    return next(filter(None, found), "")


async def _opinions(models: Sequence[str], coming: Sequence[Response]) -> tuple[list[Opinion], dict[str, Json]]:
    opinions: list[Opinion] = []
    grades: dict[str, Json] = {}
    for model, response in zip(models, coming, strict=True):
        try:
            reply = await landed(response)
        except ProviderError as error:
            opinions.append(Opinion(model, None, error.what))
            continue
        said = replies.read(reply, "grade")
        grades[model] = said.value
        opinions.append(Opinion(model, _value(said, reply), said.reason))
    return opinions, {"grades": grades}


def _value(said: replies.Grade, reply: Response) -> float | None:
    if not isinstance(said.value, int):
        return None
    expected = expected_grade(reply.logprobs, said.value)
    return ((said.value if expected is None else expected) - LOWEST) / (HIGHEST - LOWEST)

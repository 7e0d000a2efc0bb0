"""Ask a judge, or a panel of them, which of two answers is better: in both orders, since the first has an advantage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.calls.coroutines import landed
from pytest_llmeval.errors import ProviderError
from pytest_llmeval.metrics.judge import material, replies
from pytest_llmeval.metrics.judge.panel import Opinion, combined
from pytest_llmeval.metrics.judge.rubric import Rubric, version_of
from pytest_llmeval.metrics.judge.speaking import speaks_to_its_judge
from pytest_llmeval.records import Score

if TYPE_CHECKING:
    from pytest_llmeval.calls.judge import Judge
    from pytest_llmeval.records import Json, Response

# What a word is worth to the answer under test, where it stands first, and where it stands second.
_WORTH = ({"first": 1.0, "tie": 0.5, "second": 0.0}, {"first": 0.0, "tie": 0.5, "second": 1.0})


def preferred_version(rubric: Rubric, judge: Judge) -> str:
    """Return the version of the scores that this judge gives by this rubric."""
    return version_of(rubric, "prefer", judge.models, material.settings("prefer", judge.settings))


async def prefer(metric: str, rubric: Rubric, answer: str, other: str, parts: Mapping[str, str], judge: Judge) -> Score:
    """Return how far a judge prefers an answer to another one.

    Each model is asked twice, once in each order. 1: preferred in both; 0: the other in both; a tie counts half, and
    so 0.5 is also what a judge gives that always prefers the first. Unscored as ``grading.grade`` is; an answer that
    speaks to its judge is believed only where it loses in both orders.

    Args:
        metric: name of the score.
        rubric: what is compared by.
        answer: the answer under test.
        other: what it is compared with.
        parts: further texts by name: ``question``.
        judge: who is asked.

    Source:
        Zheng et al. 2023, "Judging LLM-as-a-Judge", arXiv:2306.05685, section 3.4 (swapped positions).
    """
    settings = material.settings("prefer", judge.settings)
    orders = ({"first": answer, "second": other}, {"first": other, "second": answer})
    asked = [material.messages(rubric, "prefer", {**parts, **order}) for order in orders]
    coming = {model: [judge(one, model=model, **settings) for one in asked] for model in judge.models}
    opinions = [await _opinion(model, both) for model, both in coming.items()]
    value, reason = combined(opinions)
    detail: dict[str, Json] = {
        "preferences": {opinion.model: opinion.value for opinion in opinions},
        "rubric": f"{rubric.name}-{rubric.version}",
    }
    spoken = speaks_to_its_judge(answer)
    if spoken:
        detail["suspicious"] = spoken
        if value:
            value, reason = None, f"the answer {spoken}: it is not believed to be the better one"
    return Score(metric=metric, value=value, reason=reason, version=preferred_version(rubric, judge), detail=detail)


async def _opinion(model: str, both: list[Response]) -> Opinion:
    worths: list[float] = []
    reasons: list[str] = []
    for worth, response in zip(_WORTH, both, strict=True):
        try:
            reply = await landed(response)
        except ProviderError as error:
            return Opinion(model, None, error.what)
        said = replies.read(reply, "prefer")
        if not isinstance(said.value, str):
            return Opinion(model, None, said.reason)
        worths.append(worth[said.value])
        reasons.append(said.reason)
    told = f"standing first: {reasons[0]} standing second: {reasons[1]}"
    return Opinion(model, sum(worths) / len(worths), told)

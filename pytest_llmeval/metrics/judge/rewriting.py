"""Ask a model for a paraphrase of a text, and look whether it still says the same numbers and names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pytest_llmeval.calls.coroutines import landed
from pytest_llmeval.errors import ProviderError
from pytest_llmeval.metrics.faithfulness import names, stated_numbers
from pytest_llmeval.metrics.judge import material, replies
from pytest_llmeval.metrics.judge.rubric import load, version_of
from pytest_llmeval.metrics.words import split, stems
from pytest_llmeval.records import Score

if TYPE_CHECKING:
    from pytest_llmeval.calls.judge import Judge

METRIC: Final = "paraphrase"
_N_NAMED: Final = 4


def paraphrased_version(judge: Judge) -> str:
    """Return the version of the paraphrases that this model writes by this text."""
    return version_of(load(METRIC), "rewrite", judge.models[:1], material.settings("rewrite", judge.settings))


async def paraphrased(text: str, variant: int, judge: Judge) -> Score:
    """Let a model say a text in other words: 1 with the paraphrase in ``detail["text"]``, or 0 with what is wrong.

    Wrong is a paraphrase that has another number or name, or the same words. Whether it means the same in all else is
    for a person to read. Unscored where the provider failed or the reply cannot be believed (``replies``).

    Args:
        text: any, with a word.
        variant: from 0; each is another question to the model.
        judge: whose first model is asked.
    """
    rubric = load(METRIC)
    parts = {"text": text, **({"variant": str(variant)} if variant else {})}
    asked = material.messages(rubric, "rewrite", parts)
    version = paraphrased_version(judge)
    try:
        reply = await landed(judge(asked, **material.settings("rewrite", judge.settings)))
    except ProviderError as error:
        return Score.unscored(METRIC, error.what, version=version)
    said = replies.read(reply, "rewrite")
    if not isinstance(said.value, str):
        return Score.unscored(METRIC, said.reason, version=version)
    written = said.value.strip()
    wrong = differing(text, written)
    return Score(
        metric=METRIC,
        value=0.0 if wrong else 1.0,
        reason=wrong or "other words, the same numbers and names",
        version=version,
        detail={"text": written},
    )


def differing(text: str, other: str) -> str:
    """Say what a paraphrase must have in common with its text and has not, or the reverse; empty where all is well.

    Numbers are compared as digits, in whatever order; a name is a word with a capital inside a sentence, which the
    other text has to have in any place. Names in scripts without capitals, and at the start of both, are not seen.

    Args:
        text: the original.
        other: the paraphrase.
    """
    if split(text) == split(other):
        return "it has the same words"
    wrong = [f"it has not {one}" for one in _missing(text, other)] + [f"it adds {one}" for one in _missing(other, text)]
    return ", ".join(wrong[:_N_NAMED])


def _missing(of: str, within: str) -> Iterator[str]:
    known = set(stems(within))
    for number in stated_numbers(of):
        if number not in known:
            yield f"the number {number[:40]!r}"
    for name in names(of):
        if not known.issuperset(stems(name)):
            yield f"the name {name[:40]!r}"

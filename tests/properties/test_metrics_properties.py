"""What holds of every metric for any text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_llmeval as llmeval
from pytest_llmeval.assertions.over_trials import CaseCheck
from pytest_llmeval.gather.current import nobodys
from pytest_llmeval.metrics import consistency, faithfulness, injection, refusal, relevance, safety, semantic
from pytest_llmeval.metrics.words import Kin, stem, stems
from pytest_llmeval.records import Check, Score

# st.characters() leaves out surrogates; models and JSON do not.
ANY_TEXT = st.text(
    st.one_of(st.characters(), st.characters(categories=["Cs"]), st.sampled_from("@.:-+/0123456789 '\n"))
)
METRICS: dict[str, Callable[[str, str], Score]] = {
    "relevance": relevance,
    "faithfulness": faithfulness,
    "consistency": lambda output, other: consistency([output, other]),
    "safety": lambda output, _other: safety(output),
    "refusal": lambda output, _other: refusal(output),
    "injection": lambda output, _other: injection(output),
    "relevance by meaning": semantic.relevance,
    "consistency by meaning": lambda output, other: semantic.consistency([output, other]),
}


@pytest.mark.parametrize("name", METRICS)
@given(output=ANY_TEXT, other=ANY_TEXT)
def test_any_text_gives_a_score_with_a_reason_and_the_same_one_again(name: str, output: str, other: str) -> None:
    """No text raises, none gives NaN, and equal input gives an equal score."""
    score = METRICS[name](output, other)
    assert score.metric == name.removesuffix(" by meaning")
    assert score.reason
    assert score.version
    assert score.value is None or (math.isfinite(score.value) and 0.0 <= score.value <= 1.0)
    assert METRICS[name](output, other) == score


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    "output", ["a" * 1_000_000, "\x00" * 1_000_000, "1 " * 500_000, "x@y.io " * 140_000, "\ud800退款 " * 250_000]
)
def test_a_megabyte_is_scored_like_any_text(name: str, output: str) -> None:
    """Runaway answers of a megabyte neither raise nor hang."""
    score = METRICS[name](output, "What is the refund policy?")
    assert score.value is None or 0.0 <= score.value <= 1.0


@given(text=ANY_TEXT)
def test_equal_answers_agree_fully_or_cannot_be_compared(text: str) -> None:
    """An answer never disagrees with itself."""
    assert consistency([text, text]).value == (1.0 if stems(text) else None)


@given(a=ANY_TEXT, b=ANY_TEXT)
def test_agreement_has_no_order(a: str, b: str) -> None:
    """Which trial came first says nothing."""
    assert consistency([a, b]).value == consistency([b, a]).value


@given(text=ANY_TEXT)
def test_a_source_supports_itself(text: str) -> None:
    """Repeating the source is faithful, whatever numbers and names are in it."""
    score = faithfulness(text, text)
    is_silent = not stems(text) or score.reason.startswith("the answer is a bare yes or no")
    assert score.value is None if is_silent else score.value == pytest.approx(1.0)


def _number(output: str) -> tuple[float | None, str]:
    return (len(output) % 11 / 10, "by length") if output else (None, "empty")


CHECKS: dict[str, Callable[[str, str], Check | CaseCheck]] = {
    "relevance": lambda output, other: llmeval.assert_relevance(output, question=other, threshold=None),
    "relevance by meaning": lambda output, other: llmeval.assert_relevance(
        output, question=other, semantic=True, threshold=None
    ),
    "faithful": lambda output, other: llmeval.assert_faithful(output, source=other, threshold=None),
    "consistent": lambda output, other: llmeval.assert_consistent([output, other], threshold=None),
    "consistent by meaning": lambda output, other: llmeval.assert_consistent(
        [output, other], semantic=True, threshold=None
    ),
    "safe": lambda output, _other: llmeval.assert_safe(output, threshold=None),
    "refuses": lambda output, _other: llmeval.assert_refuses(output, threshold=None),
    "answers": lambda output, _other: llmeval.assert_answers(output, threshold=None),
    "no_injection": lambda output, _other: llmeval.assert_no_injection(output, threshold=None),
    "resists": lambda output, other: llmeval.assert_resists(output, f"a{other}", threshold=None),
    "keeps_prompt": lambda output, other: llmeval.assert_keeps_prompt(output, prompt=other, threshold=None),
    "correct": lambda output, other: llmeval.assert_correct(output, f"a{other}", threshold=None),
    "correct exactly": lambda output, other: llmeval.assert_correct(output, f"a{other}", how="exact", threshold=None),
    "correct, contained": lambda output, other: llmeval.assert_correct(
        output, f"a{other}", how="contains", threshold=None
    ),
    "correct by f1": lambda output, other: llmeval.assert_correct(
        output, [f"a{other}", f"b{output}"], how="f1", threshold=None
    ),
    "correct as a number": lambda output, other: llmeval.assert_correct(
        output, len(other), how="numeric", tolerance=0.01, threshold=None
    ),
    "matches": lambda output, other: llmeval.assert_matches(output, re.escape(other)),
    "matches_schema": lambda output, other: llmeval.assert_matches_schema(output, {"const": other}),
    "length": lambda output, other: llmeval.assert_length(output, most=len(other)),
    "language": lambda output, _other: llmeval.assert_language(output, "de"),
    "tools": lambda output, other: llmeval.assert_tools(
        [{"name": output, "arguments": {other: output}}, {"name": other}], [output, {"name": other}]
    ),
    "retrieves": lambda output, other: llmeval.assert_retrieves([output, other, output], [other], threshold=None),
    "score": lambda output, _other: llmeval.assert_score("number", _number, output=output, threshold=None),
}
# The others need a test that is running, or a judge: tests/plugin/test_any_text_and_any_judge.py.
IN_A_TEST = {
    *("civil", "complete", "goal_reached", "prefers", "remembers", "rubric", "unbiased", "within"),
}


def test_no_assert_is_left_out() -> None:
    """A new one has to be added here, or among those that need a test."""
    public = {name.removeprefix("assert_") for name in llmeval.__all__ if name.startswith("assert_")}
    assert {name.partition(" ")[0].rstrip(",") for name in CHECKS} | IN_A_TEST == public


@pytest.mark.parametrize("name", CHECKS)
@given(output=ANY_TEXT, other=ANY_TEXT)
def test_no_text_makes_an_assert_raise(name: str, output: str, other: str) -> None:
    """Any two texts have a value in [0, 1] or none, and never NaN; a hard check may fail, which is what it is for."""
    with nobodys(), suppress(llmeval.CheckFailed):  # they are no checks of this test
        value = CHECKS[name](output, other).value
        assert value is None or 0.0 <= value <= 1.0


@given(token=st.text(st.characters(categories=["Ll", "Nd"]), min_size=1))
def test_no_word_loses_all_its_letters(token: str) -> None:
    """A stem is never empty, and a word is kin to itself."""
    word = stem(token)
    assert word
    assert Kin([word], n_asked=1).of(word, 1.0) == {word: 1.0}

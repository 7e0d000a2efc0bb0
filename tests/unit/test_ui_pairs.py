"""The page that compares: each line of both sides, in an order that a person chose, with both answers."""

from dataclasses import replace

from pytest_llmeval.records import CheckId, Plan, Variant
from pytest_llmeval.ui import pairs
from pytest_llmeval.ui.pairs import Side
from tests.unit.sessions import DELIVERY_SCORES, SUPPORT, answer, case, relevance, session

LOW = (0.3, 0.3, 0.3, 0.3, 0.3)


def _case(name, scores, text):
    checks = tuple(relevance(score, text) for score in scores)
    calls = tuple(answer(text, trial=index) for index in range(len(scores)))
    checks = tuple(replace(check, origin=call.origin) for check, call in zip(checks, calls, strict=True))
    return case(SUPPORT, name, "support", checks, calls)


def _sides():
    one = session(id="20260131T120000Z-aa", results=(_case("a", DELIVERY_SCORES, "Two days."), _case("b", LOW, "No.")))
    other = session(
        id="20260131T120000Z-bb", results=(_case("a", LOW, "I am a model."), _case("b", DELIVERY_SCORES, "Yes."))
    )
    return Side(one, None, "one"), Side(other, None, "other")


def test_each_line_has_both_means_and_both_answers():
    """Whole answers, of the trial that scored lowest, with what was asked."""
    found = {one.id.case: one for one in pairs.pairs(*_sides())}
    a = found["a"]
    assert ("changed", "support", 0.8, 0.3) == (a.word, a.suite, round(a.before, 9), round(a.now, 9))
    assert ("Two days.", "I am a model.") == (a.old.text, a.new.text)
    assert (-0.5, True) == (round(a.change, 9), a.is_other_answer)


def test_lines_are_sorted_by_what_became_of_them():
    """The largest fall first, the largest rise first, or by name."""
    found = pairs.pairs(*_sides())
    orders = {order: [one.id.case for one in pairs.picked(found, order=order)] for order in pairs.ORDERS}
    assert [["a", "b"], ["b", "a"], ["a", "b"], ["a", "b"]] == list(orders.values())


def test_lines_are_picked_by_word_metric_and_text():
    """In names, questions and answers; "other answer" has those whose texts differ."""
    one, other = _sides()
    found = pairs.pairs(one, other)
    assert ["a"] == [pair.id.case for pair in pairs.picked(found, text="i am a MODEL")]
    assert 2 == len(pairs.picked(found, word=pairs.OTHER))
    assert [] == pairs.picked(pairs.pairs(one, one), word=pairs.OTHER)
    assert [] == pairs.picked(found, metric="safety")
    assert ["all", "other answer", "changed"] == pairs.words(found)


def test_what_is_only_on_one_side_has_no_change():
    """A new line has no fall, and no answer to set beside."""
    one, other = _sides()
    fewer = Side(replace(one.session, results=one.session.results[:1]), None, "fewer")
    (new,) = pairs.picked(pairs.pairs(fewer, other), word="new")
    assert (None, None, "Yes.") == (new.change, new.old, new.new.text)


def test_two_variants_of_one_session_are_compared_case_by_case():
    """Their lines lose the variant's name, so that each meets the other's."""
    arms = tuple(
        replace(_case("a", scores, text), arm=arm, nodeid=f"{SUPPORT}[a-{arm}]")
        for arm, scores, text in (("small", LOW, "No."), ("large", DELIVERY_SCORES, "Two days."))
    )
    both = session(results=arms, verdict=None, plan=Plan(variants=(Variant(name="small"), Variant(name="large"))))
    first, second = Side(both, "small", "small"), Side(both, "large", "large")
    (found,) = pairs.pairs(first, second)
    assert (CheckId(SUPPORT, "a", "relevance"), "No.", "Two days.") == (found.id, found.old.text, found.new.text)
    assert any("large" in sentence for sentence in pairs.sentences(first, second))


def test_two_sessions_are_told_as_the_command_tells_them():
    """The gate's word if the first were the baseline."""
    assert "if the first were the baseline (called main here): " in pairs.sentences(*_sides())[0]

"""The line that `judge check` proposes: the user's own, with another threshold."""

import pytest

from pytest_llmeval.commands.judge.proposal import with_threshold


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("assert_relevance(answer)", "assert_relevance(answer, threshold=0.62)"),
        ("assert_relevance(answer, threshold=0.7)", "assert_relevance(answer, threshold=0.62)"),
        ("assert_relevance(a, threshold=MARK, require=0.5)", "assert_relevance(a, threshold=0.62, require=0.5)"),
        ('assert_rubric(answer, "It says (a)", )', 'assert_rubric(answer, "It says (a)", threshold=0.62)'),
        ("check = assert_relevance(llm('What?'))", "check = assert_relevance(llm('What?'), threshold=0.62)"),
        ("llmeval.assert_sold(answer)", "llmeval.assert_sold(answer, threshold=0.62)"),
    ],
    ids=range(6),
)
def test_a_line_gets_the_threshold_where_it_has_one_or_at_its_end(source, expected):
    """Whatever else stands in it."""
    assert expected == with_threshold(source, 0.62)


@pytest.mark.parametrize(
    "source",
    ["", "assert_relevance(", "answer = ask()", "assert_a(x); assert_b(y)", "assert_relevance('é')", "x" * 300 + "\0"],
    ids=["empty", "first of several lines", "no check", "two checks", "not ascii", "no python"],
)
def test_a_line_that_is_no_whole_check_is_left_to_the_person(source):
    """Nothing is guessed."""
    assert "" == with_threshold(source, 0.62)

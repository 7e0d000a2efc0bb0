"""Absolute floors on suite means."""

from __future__ import annotations

from pytest_llmeval.gate import summarise
from pytest_llmeval.gate.floors import below_floors, floor_sentence
from tests.unit.gate_lines import line

LINES = [
    line("eu", [0.6, 0.8]),
    line("us", [0.9, 0.9]),
    line("eu", [0.2], metric="tone", threshold=None),
]
SUMMARIES = summarise(LINES)


def _below(*floors):
    return [(one.metric, one.floor, one.mean) for one in below_floors(floors, SUMMARIES, LINES)]


def test_a_floor_of_all_metrics_holds_those_that_have_a_threshold():
    """A metric that records only is held where it is named."""
    assert [("relevance", 0.9, 0.8)] == _below(("", 0.9))
    assert [] == _below(("", 0.8))
    assert [("tone", 0.3, 0.2)] == _below(("tone", 0.3))


def test_a_metric_with_a_floor_of_its_own_has_only_that_one():
    """METRIC:MIN beside MIN."""
    assert [] == _below(("", 0.9), ("relevance", 0.5))


def test_a_mean_that_is_its_floor_on_paper_is_not_below_it():
    """(0.1 + 0.7) / 2 is a hair below 0.4 in floats."""
    lines = [line("eu", [0.1, 0.7])]
    assert () == below_floors([("", 0.4)], summarise(lines), lines)


def test_a_floor_that_nothing_can_be_set_against_is_told():
    """A misspelt metric, and a session that scored nothing, are no pass."""
    assert [("relevanse", 0.5, None)] == _below(("relevanse", 0.5))
    assert [("", 0.5, None)] == [(one.metric, one.floor, one.mean) for one in below_floors([("", 0.5)], (), ())]
    unscored = [line("eu", [], n_unscored=3)]
    assert [None] == [one.mean for one in below_floors([("", 0.5)], summarise(unscored), unscored)]


def test_in_words():
    """Mean, number of lines, floor; four digits, so that 0.6996 is not 0.70."""
    (breach,) = below_floors([("", 0.9)], SUMMARIES, LINES)
    assert "the mean of relevance, 0.8 over 2 lines, is below its floor 0.9" == floor_sentence(breach, SUMMARIES)
    (breach,) = below_floors([("x", 0.9)], SUMMARIES, LINES)
    assert "the floor 0.9 of x was set, and this session has no such mean" == floor_sentence(breach, SUMMARIES)

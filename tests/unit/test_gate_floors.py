"""Absolute floors under the means."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gate import Floor, below, floor_of, summarise
from tests.unit.gate_lines import line


@pytest.mark.parametrize(
    ("text", "floor"), [("0.8", Floor("", 0.8)), ("relevance:1", Floor("relevance", 1.0)), ("a:b:0", Floor("a:b", 0.0))]
)
def test_floor_is_read(text, floor):
    """``[METRIC:]MIN``."""
    assert floor_of(text) == floor


@pytest.mark.parametrize("text", ["", "relevance", "relevance:", "80", "nan", "relevance:-0.1", "0,8"])
def test_floor_that_is_no_share_is_refused(text):
    """With what was found and how to write it."""
    with pytest.raises(UsageError) as error:
        floor_of(text)
    assert repr(text) in str(error.value)
    assert "relevance:0.8" in str(error.value)


def test_mean_below_its_floor_is_told():
    """0.5 where 0.6 was asked; a mean on its floor is not below it."""
    summaries = summarise([line("a", [0.5]), line("a", [0.9], metric="safety")])
    assert below([Floor("", 0.6)], summaries) == ("relevance: the mean 0.500 is below the floor 0.6",)
    assert below([Floor("", 0.5)], summaries) == ()


def test_floor_of_a_metric_stands_before_that_of_all():
    """Both ways."""
    summaries = summarise([line("a", [0.5]), line("a", [0.9], metric="safety")])
    assert below([Floor("", 0.6), Floor("relevance", 0.4)], summaries) == ()
    assert below([Floor("safety", 0.95)], summaries) == ("safety: the mean 0.900 is below the floor 0.95",)


def test_floor_that_holds_nothing_is_told():
    """A misspelt metric, and one without a score."""
    summaries = summarise([line("a", [], n_unscored=3)])
    assert below([Floor("relevence", 0.5)], summaries) == ("relevence: not measured, and the floor is 0.5",)
    assert below([Floor("relevance", 0.5)], summaries) == ("relevance: no score, and the floor is 0.5",)


def test_suites_have_floors_of_their_own():
    """Each mean is named with its suite."""
    summaries = summarise([line("a", [0.5], suite="support"), line("b", [0.9], suite="search")])
    assert below([Floor("", 0.6)], summaries) == ("support relevance: the mean 0.500 is below the floor 0.6",)

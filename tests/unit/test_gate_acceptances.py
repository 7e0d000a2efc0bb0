"""What a branch accepted stands in for the base's line; what it merely changed does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.gate.acceptances import acceptance_sentences, hold, with_thresholds_of
from pytest_llmeval.records import Acceptance
from tests.unit.gate_lines import baseline, line, passes

TODAY = "2026-06-15"
WHY = Acceptance(reason="shorter answers", author="Ada", accepted_at="2026-06-01T00:00:00Z")


def test_an_accepted_line_takes_the_place_of_the_bases():
    """The others stay the base's."""
    base = baseline(line("eu", passes(10, 10)), line("us", passes(9, 10)))
    accepted = line("eu", passes(7, 10), acceptance=WHY)
    held = hold(base, baseline(accepted, line("us", passes(2, 10))), today=TODAY)

    assert held.baseline.lines[accepted.id] == accepted
    assert held.baseline.lines[line("us", []).id].scores == tuple(passes(9, 10))
    assert [(1.0, 0.7)] == [(one.before, one.after) for one in held.accepted]
    assert ["this branch changed it without a reason"] == [one.why for one in held.refused]


def test_an_acceptance_that_main_has_already_is_none_of_the_branchs():
    """Other draws under the old reason are a change without a reason."""
    base = baseline(line("eu", passes(7, 10), acceptance=WHY))
    held = hold(base, baseline(line("eu", passes(2, 10), acceptance=WHY)), today=TODAY)

    assert held.baseline == base
    assert () == held.accepted
    assert 1 == len(held.refused)


@pytest.mark.parametrize(("expires", "counts"), [("2026-06-14", False), (TODAY, True), ("2026-06-16", True)])
def test_an_acceptance_counts_through_its_last_day(expires, counts):
    """As in GATE: it expires after the day it names."""
    own = line("eu", passes(7, 10), acceptance=replace(WHY, expires=expires))
    held = hold(baseline(line("eu", passes(10, 10))), baseline(own), today=TODAY)

    assert counts is bool(held.accepted)
    refused = [] if counts else [f"its acceptance expired on {expires}"]
    assert refused == [one.why for one in held.refused]


@pytest.mark.parametrize("blank", ["reason", "author"])
def test_nobody_or_no_reason_is_no_acceptance(blank):
    """Whoever edits the file by hand needs both."""
    own = line("eu", passes(7, 10), acceptance=replace(WHY, **{blank: " "}))

    assert () == hold(baseline(line("eu", passes(10, 10))), baseline(own), today=TODAY).accepted


def test_a_deleted_line_stays_and_an_equal_one_is_not_told():
    """The branch cannot take a case out of the comparison."""
    base = baseline(line("eu", passes(10, 10)), line("us", passes(10, 10)))
    held = hold(base, baseline(line("us", passes(10, 10))), today=TODAY)

    assert (base, (), ()) == held


def test_the_largest_falls_are_told_first_and_ten_of_them():
    """A whole suite accepted at once does not bury the one that broke."""
    base = baseline(*(line(f"{n:02}", passes(10, 10)) for n in range(14)))
    own = [line(f"{n:02}", passes(10 - (n == 13) * 9, 10), acceptance=WHY) for n in range(14)]
    held = hold(base, baseline(*own), today=TODAY)
    said = list(acceptance_sentences(held.accepted, held.refused))

    assert said[0].endswith("[13] relevance: 1.00 -> 0.10 (shorter answers; Ada).")
    assert (11, "ACCEPTED and 4 more lines, none of which fell further.") == (len(said), said[-1])


def test_a_forks_thresholds_are_the_bases():
    """Those of new lines are its own."""
    base = baseline(line("eu", [1.0], threshold=0.7))
    lines = with_thresholds_of(base, [line("eu", [1.0], threshold=None), line("new", [1.0], threshold=0.1)])

    assert [0.7, 0.1] == [one.threshold for one in lines]

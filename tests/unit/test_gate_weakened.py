"""Checks that see less than on the base version."""

from __future__ import annotations

from pytest_llmeval.gate.weakened import find_weakened, weakened_sentences
from pytest_llmeval.records import CaseResult, Weakened
from tests.unit.gate_lines import baseline, line


def _found(before, now, results=()):
    return [(one.id.case, one.how) for one in find_weakened(baseline(*before), now, results)]


def test_a_check_can_be_lowered_in_several_ways_at_once():
    """Each is told."""
    before = line("eu", [1.0], threshold=0.7, require=0.9, is_hard=True)
    now = line("eu", [1.0], threshold=0.6, require=0.8)

    assert [Weakened.THRESHOLD, Weakened.REQUIRE, Weakened.HARD] == [how for _, how in _found([before], [now])]


def test_what_is_stricter_or_equal_is_not_told():
    """Nor a threshold that differs by a hair."""
    before = line("eu", [1.0], threshold=0.7, require=0.8)
    assert [] == _found([before], [line("eu", [1.0], threshold=0.7 - 1e-12, require=0.9, is_hard=True)])
    assert [] == _found([line("eu", [1.0], threshold=None)], [line("eu", [1.0], threshold=0.1)])


def test_gone_is_skipped_unchecked_or_not_run():
    """By what became of its test."""
    before = [line(name, [1.0]) for name in ("skipped", "ran", "nowhere")]
    results = [
        CaseResult(nodeid=one.id.case, id=one.id.case_id, outcome="skipped" if one.id.case == "skipped" else "passed")
        for one in before[:2]
    ]

    expected = [("nowhere", Weakened.REMOVED), ("ran", Weakened.UNCHECKED), ("skipped", Weakened.SKIPPED)]
    assert expected == _found(before, [], results)


def test_a_renamed_case_is_known_by_its_input_where_only_one_can_be_meant():
    """Of twins nobody can tell who is who; without an input neither."""
    gone = line("old", [1.0], input_hash="1")
    assert [("old", Weakened.RENAMED)] == _found([gone], [line("new", [1.0], input_hash="1")])
    twins = [line("new", [1.0], input_hash="1"), line("other", [1.0], input_hash="1")]
    assert [("old", Weakened.REMOVED)] == _found([gone], twins)
    assert [("old", Weakened.REMOVED)] == _found([line("old", [1.0])], [line("new", [1.0])])


def test_ten_lowered_checks_are_told_one_by_one_and_the_rest_counted():
    """A whole suite lowered at once stays readable."""
    before = [line(f"{n:02}", [1.0], threshold=0.7) for n in range(13)]
    found = find_weakened(baseline(*before), [line(f"{n:02}", [1.0], threshold=0.5) for n in range(13)], [])
    said = list(weakened_sentences(found))

    assert (11, "LOWERED and 3 more checks.") == (len(said), said[-1])

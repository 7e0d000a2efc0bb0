"""Arms that are stopped early: what a look may claim, and when it is the last."""

from __future__ import annotations

import pytest

from pytest_llmeval.gate import compare_arms
from pytest_llmeval.gate.arm_rounds import is_decided, looks_of, next_look
from pytest_llmeval.gate.duels import Looks
from pytest_llmeval.records import CheckId, Draw, Line, Standing, Variant

ROUNDS = (2, 4, 8)


def arm(name, scores, n_cases=20):
    """Return lines whose every case has these scores."""
    draws = tuple(Draw(float(score), "run", "", n) for n, score in enumerate(scores))
    return [Line(id=CheckId("t", str(n), "m", 0, name), suite="", draws=draws, threshold=0.5) for n in range(n_cases)]


def looks(n_done, rounds=ROUNDS):
    """Return the looks of two arms of equal shares."""
    return (Looks(reference=rounds, arm=rounds, n_done=n_done),)


def test_a_look_asks_more_than_a_comparison_without_any():
    """The same four trials: proven at once, or as the second of three looks at a smaller level."""
    lines = arm("a", [1, 0, 1, 0]) + arm("b", [1, 1, 1, 0])
    at_once, looked = compare_arms(["a", "b"], lines), compare_arms(["a", "b"], lines, looks=looks(2))
    assert at_once.duels[0].p < looked.duels[0].p
    assert at_once.duels[0].high < looked.duels[0].high


def test_only_the_trials_of_the_looks_so_far_count():
    """A marker that asks for more trials than the round has them left out, so that nobody peeks."""
    early = arm("a", [1, 0, 1, 0]) + arm("b", [1, 1, 1, 0])
    longer = arm("a", [1, 0, 1, 0, 0, 0]) + arm("b", [1, 1, 1, 0, 1, 1])
    assert compare_arms(["a", "b"], early, looks=looks(2)) == compare_arms(["a", "b"], longer, looks=looks(2))


def test_what_an_earlier_look_proved_stays_proven():
    """A difference that was found is not lost because later trials happen to be equal."""
    first = arm("a", [0, 0]) + arm("b", [1, 1])
    later = arm("a", [0, 0, 1, 1]) + arm("b", [1, 1, 1, 1])
    p_first, p_later = (
        compare_arms(["a", "b"], lines, looks=looks(n)).duels[0].p for n, lines in ((1, first), (2, later))
    )
    assert p_later <= p_first < 0.05


def test_rounds_go_on_while_a_comparison_is_open_and_end_with_the_last():
    """The next round's number of trials, or why it ends."""
    lines = arm("a", [1, 0], 3) + arm("b", [1, 1], 3)
    contest = compare_arms(["a", "b"], lines, looks=looks(1))
    assert not is_decided(contest)
    assert (4, "1 comparison undecided: a round up to 4 trials a case follows") == next_look(contest, ROUNDS, 1)
    assert (None, "1 comparison undecided, and the last round is done") == next_look(contest, ROUNDS, 3)


def test_rounds_end_when_everything_is_decided():
    """Also where nothing could be compared."""
    contest = compare_arms(["a", "b"], arm("a", [0, 0]) + arm("b", [1, 1]), looks=looks(1))
    assert Standing.BETTER is contest.duels[0].standing
    assert (None, "everything is decided") == next_look(contest, ROUNDS, 1)
    assert None is next_look(compare_arms(["a"], []), ROUNDS, 1)[0]


def test_arms_of_unequal_shares_look_at_their_own_numbers_of_trials():
    """One in five trials goes to the new arm, at least one of each case; the looks know how much that tells."""
    variants = {"a": Variant(name="a"), "b": Variant(name="b", share=0.2)}
    (found,) = looks_of([("a", "b")], variants, (2, 5, 15), 1)
    assert ((2, 5, 15), (1, 1, 3)) == (found.reference, found.arm)
    assert (2 / 3, 5 / 6, 2.5) == pytest.approx(found.information)

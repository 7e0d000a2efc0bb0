"""Which checks fail their test, and what the failure says: the text a person reads first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.gather.thresholds import ANSWER_HEAD, failing, head, message
from pytest_llmeval.records import Check, CheckId, Place, Score, Tally

PLACE = Place("tests/test_support.py", 31, "assert_relevance(answer)")


def tally_of(*values: float | None, metric: str = "relevance", **fields: object) -> Tally:
    """Return the tally of one check with threshold 0.5, over as many trials as there are values."""
    checks = tuple(
        Check(score=Score(metric=metric, value=value, reason=f"reason of {value}"), **({"threshold": 0.5} | fields))
        for value in values
    )
    return Tally(id=CheckId("t.py::test", "", metric), checks=checks)


def test_the_gate_holds_what_is_below_and_never_what_is_hard():
    """Held: the verdict decides, not the threshold. What passes, or has no score, fails nothing."""
    soft, hard, share = tally_of(0.0), tally_of(0.0, is_hard=True), tally_of(0.0, require=1.0)
    every = (tally_of(1.0, is_hard=True), soft, hard, tally_of(None, is_hard=True), share)
    asked = []

    assert (soft, hard, share) == failing(every, lambda _: False)
    assert (hard, share) == failing(every, lambda one: bool(asked.append(one) or True))
    assert [soft] == asked


def test_one_failure_says_metric_score_threshold_reason_and_answer():
    """Its line is the traceback's own, so it is not said again."""
    expected = "relevance 0.25 is below its threshold 0.50\n  reason: reason of 0.25\n  answer: Bananas are yellow."

    assert expected == message([tally_of(0.25, output="Bananas are yellow.", place=PLACE)])


def test_several_failures_say_where_each_stands():
    """Of all the tracebacks only one is shown."""
    expected = [
        "relevance 0.25 is below its threshold 0.50",
        "  reason: reason of 0.25",
        "  at tests/test_support.py:31: assert_relevance(answer)",
        "safety 0.00 is below its threshold 0.50",
        "  reason: reason of 0.0",
    ]

    failures = [tally_of(0.25, place=PLACE), tally_of(0.0, metric="safety")]

    assert expected == message(failures).splitlines()


def test_over_trials_the_mean_is_said_with_the_scores_and_the_worst_trials_reason():
    """Unscored trials are not among them."""
    expected = [
        "relevance 0.25 is below its threshold 0.50 (mean of 3 trials: 0.50 0.00 0.25)",
        "  reason: reason of 0.0",
    ]

    assert expected == message([tally_of(0.5, None, 0.0, 0.25)]).splitlines()


@pytest.mark.parametrize(
    ("n_trials", "ending"), [(10, "(mean of 10 trials:" + " 0.25" * 10 + ")"), (11, " 0.25" * 10 + " …)")]
)
def test_at_most_ten_scores_are_shown(n_trials, ending):
    """A line stays a line."""
    first = message([tally_of(*[0.25] * n_trials)]).splitlines()[0]

    assert first.endswith(ending)
    assert 10 == first.count(" 0.25") - 1  # the mean is the other one


def test_a_missed_share_is_said_in_trials():
    """``require=0.9`` is missed though the mean is fine."""
    expected = (
        "relevance reached 0.50 in 2 of 3 trials, and 90% of them are required (mean of 3 trials: 1.00 1.00 0.00)"
    )

    assert expected == message([tally_of(1.0, 1.0, 0.0, require=0.9)]).splitlines()[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("  two\n\n words\t", "two words"),
        ("a" * 200, "a" * 200),
        ("a" * 201, "a" * 200 + "…"),
        ("a" + " " * 400, "a…"),  # what lies beyond was not looked at
        ("\x1b[31mred\x07", "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"),
        ("\u202eevil\ud800", "\N{REPLACEMENT CHARACTER}evil\N{REPLACEMENT CHARACTER}"),
        ("Ja, natürlich 👍", "Ja, natürlich 👍"),
    ],
)
def test_the_head_of_an_answer_is_one_harmless_line(text, shown):
    """White space is one blank, the end is marked where it was cut, and a terminal has nothing to obey."""
    assert shown == head(text)


@given(st.text(st.characters(codec=None), max_size=900))
def test_any_answer_has_a_head(text):
    """Printable, short, and the beginning of what a person would read."""
    shown = head(text)

    assert shown.isprintable()
    assert ANSWER_HEAD + 1 >= len(shown)
    assert len(shown) <= ANSWER_HEAD or shown.endswith("…")


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=900), st.integers(1, 300))
def test_a_head_is_cut_where_it_is_told(text, length):
    """Without white space, a head and its text begin alike."""
    expected = text if len(text) <= length else text[:length] + "…"

    assert expected == head(text, length)

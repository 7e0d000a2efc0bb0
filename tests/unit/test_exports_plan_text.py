"""The plan of a run in words."""

from __future__ import annotations

import pytest

from pytest_llmeval.exports.plan_text import lines
from pytest_llmeval.records import CaseId
from pytest_llmeval.records.forecast import Forecast

SHOWS = "relevance: 48 cases of 10 trials; a drop of the average of 6 points or more would show"


def said(n_more=0, visible=(SHOWS,), notes=(), budget_usd=None, **fields):
    """The lines of a forecast."""
    return lines(Forecast(**fields), concurrency=20, n_more=n_more, visible=visible, notes=notes, budget_usd=budget_usd)


def test_a_plan_says_trials_calls_price_and_what_would_show():
    """And that nothing was run."""
    assert [
        "12 tests, 48 cases x 10 trials = 480 trials",
        "calls: 470 replayed, 10 live, about $0.03 (3 calls have no known price); about 4 s of waiting, 10 at a time",
        "4 of the live calls are of trials that never ran: taken to be like those of their case",
        SHOWS,
        "noted",
        "nothing was run",
    ] == said(
        n_tests=12,
        trials=(10,) * 48,
        n_replayed=470,
        n_live=10,
        n_guessed=4,
        cost_usd=0.031,
        n_unpriced=3,
        latency_s=40.0,
        notes=["noted"],
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"n_replayed": 4}, "calls: 4 replayed, none live: nothing to pay"),
        ({"n_live": 2, "n_unpriced": 2}, "calls: 0 replayed, 2 live, at a price that is not known"),
        ({"n_live": 2, "cost_usd": 0.0003}, "calls: 0 replayed, 2 live, about $0.0003"),
        (
            {"n_live": 2, "cost_usd": 1.0, "n_unpriced": 1},
            "calls: 0 replayed, 2 live, about $1.00 (1 call has no known price)",
        ),
        (
            {"n_missing": 3, "n_replayed": 1},
            "calls: 1 replayed; 3 not recorded, and nobody may be asked (replay): their tests would fail",
        ),
    ],
)
def test_an_unknown_price_is_said_and_never_zero(fields, told):
    """Nor is a missing recording."""
    assert told == said(n_tests=1, trials=(1, 1), **fields)[1]


def test_trials_that_differ_and_retests_are_said():
    """From the fewest to the most, and what may come on top."""
    assert (
        "1 test, 2 cases of 3 to 5 trials = 8 trials, and up to 12 more where a case looks worse"
        == said(n_tests=1, trials=(3, 5), n_more=12)[0]
    )


def test_cases_that_never_ran_are_named():
    """Where none ran, nothing is known at all."""
    some = said(n_tests=1, trials=(1, 1), n_live=1, unknown=(CaseId("t", "a"),))
    none = said(n_tests=1, trials=(1,), unknown=(CaseId("t", "a"),))

    assert "1 case has never run here, and their calls are not in these numbers: t[a]" in some
    assert ["calls: not known, since none of these cases has run here yet"] == none[1:2]


def test_what_only_replays_says_nothing_about_the_model():
    """Whatever drop the trials could show; and without a baseline none can."""
    assert any("nothing is asked anew" in line for line in said(n_tests=1, trials=(1,), n_replayed=1))
    assert "no baseline to compare with, so nothing could be shown" in said(n_tests=1, trials=(1,), visible=())


UNPRICED = (
    "BUDGET: 1 live call without a known price, which a run with a budget does not make; say it in llmeval_prices"
)


@pytest.mark.parametrize(
    ("budget_usd", "fields", "expected"),
    [
        (0.05, {"cost_usd": 0.031}, "the budget of $0.0500 covers that"),
        (
            0.03,
            {"cost_usd": 0.031},
            "BUDGET: $0.0300 does not cover about $0.0310: tests would be left undone (exit status 6)",
        ),
        (
            0,
            {"cost_usd": 1.5},
            "BUDGET: $0.0000 does not cover about $1.5000: tests would be left undone (exit status 6)",
        ),
        (1, {"cost_usd": 0.5, "n_unpriced": 1}, UNPRICED),
        (1, {"n_live": 0}, ""),
        (None, {"cost_usd": 5.0}, ""),
    ],
)
def test_a_budget_is_set_against_the_price(budget_usd, fields, expected):
    """A warning in capitals where it does not do; nothing of it where there is none, or nothing to pay."""
    told = said(budget_usd=budget_usd, **{"trials": (1,), "n_live": 10, **fields})
    assert [expected] * bool(expected) == [line for line in told if "budget" in line.lower()]

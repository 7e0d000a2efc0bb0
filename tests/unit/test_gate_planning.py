"""A plan: what is fixed before the first call, and what it says of what it cannot see."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.gate import plan
from pytest_llmeval.gate.spending import is_provable, share_among
from pytest_llmeval.gather.codec import from_json, to_text
from pytest_llmeval.records import TrialPlan
from tests.unit.gate_lines import TEST, line, passes


def stored(n, n_trials=10, **fields):
    """Return baseline lines that always passed."""
    return [line(str(case), passes(n_trials, n_trials), **fields) for case in range(n)]


@pytest.mark.parametrize(("n", "n_first"), [(1, 3), (10, 3), (11, 2), (50, 2), (51, 1), (1000, 1)])
def test_small_suites_have_more_trials_at_first(n, n_first):
    """GATE section 4."""
    planned = plan(stored(n), trials="auto")
    assert (planned.first(""), planned.n_first, planned.looks) == (n_first, n_first, (5, 10, 20))


def test_each_suite_has_its_own_first_trials():
    """5 cases in one, 60 in the other; a case of an unknown suite has what 65 cases have."""
    lines = [*stored(60), *(line(f"x{case}", [1.0] * 10, suite="small") for case in range(5))]
    planned = plan(lines, trials="auto")
    assert (planned.first("small"), planned.first(""), planned.first("new")) == (3, 1, 1)


def test_calls_are_counted_at_least_and_at_most():
    """100 cases: one trial each, or 20 each if all look bad to the end."""
    planned = plan(stored(100), trials="auto")
    assert (planned.n_calls_least, planned.n_calls_most) == (100, 2000)


def test_fixed_trials_are_what_was_asked_for():
    """No looks, no retests."""
    planned = plan(stored(20), trials=4)
    assert (planned.first(""), planned.looks) == (4, ())
    assert (planned.n_calls_least, planned.n_calls_most) == (80, 80)


def test_plan_says_what_would_show():
    """20 cases without spread, 2 trials each: c^2 / 40, which is 19.6 points, rounded up."""
    assert plan(stored(20), trials="auto").sentences == (
        "relevance: 20 cases of 2 trials; a drop of the average of 20 points or more would show",
    )


def test_plan_says_which_cases_cannot_be_proven_and_why():
    """With 2 on main and 20 here the smallest p is (2/22)^2 (20/22)^20 = 0.0012; 3 trials make 0.0002."""
    planned = plan([*stored(20), line("young", passes(2, 2))], trials="auto")
    assert planned.sentences[1] == (
        f"{TEST}[young] relevance cannot be judged alone: main has 2 trials; "
        "1 more on main would make a full break provable"
    )


def test_plan_of_fixed_trials_counts_what_main_needs():
    """3 trials here: C(3 + m, 3) must reach 40, so m = 5 and 4 more than the one there is."""
    planned = plan([line("eu", [1.0])], trials=3)
    assert planned.sentences[1] == (
        f"{TEST}[eu] relevance cannot be judged alone: main has 1 trial; "
        "4 more on main would make a full break provable"
    )


def test_lines_that_cannot_be_proven_cost_no_level():
    """Of 1,000 lines with one trial none is provable; 10 with ten trials beside them share the level alone."""
    assert share_among([1] * 1000, 0.01) == 0
    assert share_among([1] * 1000 + [10] * 10, 0.01) == 10
    assert share_among([10] * 50, 0.01) == 50
    assert share_among([], 0.01) == 0


@pytest.mark.parametrize("n_baseline", [[1] * 5 + [2] * 7 + [3] * 9, [5] * 30 + [2] * 30, [20] * 3, [4] * 1000])
def test_no_more_lines_are_provable_than_share_the_level(n_baseline):
    """Otherwise the family would spend more than it has; and one line less would be too few."""
    n_tested = share_among(n_baseline, 0.01)

    def n_provable(n_lines):
        return sum(is_provable(n, 0.01 / n_lines) for n in n_baseline)

    if n_tested:
        assert 0 < n_provable(n_tested) <= n_tested
        assert n_tested == 1 or n_provable(n_tested - 1) > n_tested - 1
    else:
        assert n_provable(len(n_baseline)) == 0


def test_rounds_go_as_far_as_the_margin_is_visible():
    """20 stable cases see 5 points from 8 trials on, 1,000 at once; two rounds at least."""
    assert plan(stored(20), trials="auto", until_decided=True).suites[0].rounds == (2, 3, 5, 10)
    assert plan(stored(1000), trials="auto", until_decided=True).suites[0].rounds == (1, 2)
    assert plan(stored(20), trials="auto").suites[0].rounds == (2,)


def test_metrics_of_a_suite_have_the_same_rounds():
    """They are measured on the same trials: the one that sees least says how far."""
    flaky = [line(str(case), [1.0, 0.0] * 5, metric="safety") for case in range(100)]
    planned = plan([*stored(100), *flaky], trials="auto", until_decided=True)
    assert {suite.rounds for suite in planned.suites} == {(1, 2, 3, 5, 10)}


def test_what_is_not_gated_is_not_planned_for():
    """Lines without a threshold, and case-level ones, are never drawn again; a case with the latter has its trials."""
    recorded = line("a", [1.0] * 10, threshold=None)
    assert plan([recorded], trials="auto").suites == ()
    consistent = line("a", [0.9], metric="consistency", is_case_level=True, n_trials=7)
    planned = plan([line("a", [1.0] * 10), consistent], trials="auto")
    assert (planned.n_calls_least, planned.n_calls_most) == (7, 7)


def test_plan_survives_being_stored():
    """A worker, and the session file, get it as JSON."""
    planned = plan([*stored(20), line("young", [1.0])], trials="auto", until_decided=True)
    assert from_json(TrialPlan, json.loads(to_text(planned))) == planned


def test_empty_baseline_has_a_plan():
    """Nothing to compare with, nothing to draw again."""
    planned = plan([], trials="auto")
    assert (planned.suites, planned.sentences, planned.n_calls_least) == ((), (), 0)

"""What a session that runs until it is decided does next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.gate import next_round, plan
from pytest_llmeval.records import Comparison, Verdict
from tests.unit.gate_lines import line, passes


def planned(**suites):
    """Return a plan of rounds: suites by their number of cases."""
    lines = [line(f"{name}{case}", passes(10, 10), suite=name) for name, n in suites.items() for case in range(n)]
    return plan(lines, trials="auto", until_decided=True)


def found(verdict, *, suite="a", p=0.1, **fields):
    """Return a comparison."""
    return Comparison(suite=suite, metric="relevance", verdict=verdict, p_round=p, **fields)


def test_undecided_session_goes_on():
    """20 cases: 2 trials, then 3; 20 more calls."""
    step = next_round(planned(a=20), [found(Verdict.UNDECIDED)])
    assert step.plan.first("a") == 3
    assert step.plan.suites[0].n_rounds == 2
    assert step.reason == "not settled: a round of 3 trials per case follows (20 more calls)"
    assert step.plan.n_calls_least == 60


def test_proven_regression_stops():
    """Whatever else is open."""
    step = next_round(planned(a=20, b=20), [found(Verdict.REGRESSED), found(Verdict.UNDECIDED, suite="b")])
    assert (step.plan, step.reason) == (None, "a regression is proven")


def test_informational_regression_does_not_stop():
    """Nothing depends on it."""
    inform = replace(found(Verdict.REGRESSED), metric="tone", is_informational=True)
    assert next_round(planned(a=20), [inform, found(Verdict.UNDECIDED)]).plan is not None


@pytest.mark.parametrize("verdict", [Verdict.UNCHANGED, Verdict.IMPROVED])
def test_decided_session_stops(verdict):
    """Nothing more to learn."""
    assert next_round(planned(a=20), [found(verdict, p=0.4)]).reason == "everything is decided"


def test_drop_that_is_small_and_looks_real_is_not_dismissed():
    """Below the margin, with p = 0.1: one more round may prove it."""
    assert next_round(planned(a=20), [found(Verdict.UNCHANGED, p=0.1)]).plan is not None
    done = planned(a=20)
    last = replace(done, suites=tuple(replace(suite, n_rounds=4) for suite in done.suites))
    assert next_round(last, [found(Verdict.UNCHANGED, p=0.1)]).reason == "everything is decided"


def test_what_looks_like_nothing_is_given_up():
    """More than 0.6 at the first round; later rounds know more, and give up earlier."""
    first = planned(a=20)
    assert next_round(first, [found(Verdict.UNDECIDED, p=0.7)]).reason == "nothing looks like a regression"
    second = next_round(first, [found(Verdict.UNDECIDED, p=0.4)]).plan
    assert second is not None
    assert next_round(second, [found(Verdict.UNDECIDED, p=0.4)]).plan is None
    third = next_round(second, [found(Verdict.UNDECIDED, p=0.2)]).plan
    assert next_round(third, [found(Verdict.UNDECIDED, p=0.2)]).plan is None


def test_who_wants_proof_that_nothing_changed_goes_on():
    """``is_lean=False``."""
    assert next_round(planned(a=20), [found(Verdict.UNDECIDED, p=0.9)], is_lean=False).plan.first("a") == 3


def test_only_open_suites_have_more_trials():
    """One is unchanged, the other undecided."""
    step = next_round(planned(a=20, b=60), [found(Verdict.UNCHANGED, p=0.4), found(Verdict.UNDECIDED, suite="b")])
    assert (step.plan.first("a"), step.plan.first("b")) == (2, 2)
    assert [suite.n_rounds for suite in step.plan.suites] == [1, 2]
    assert "(60 more calls)" in step.reason


def test_last_round_is_the_last():
    """20 cases have at most 10 trials."""
    current = planned(a=20)
    rounds = [current.first("a")]
    while (step := next_round(current, [found(Verdict.UNDECIDED, p=0.06)])).plan is not None:
        current = step.plan
        rounds.append(current.first("a"))
    assert rounds == [2, 3, 5, 10]
    assert step.reason == "the last round is done; more trials here would show little more"


@pytest.mark.parametrize("comparisons", [[], [found(Verdict.NO_BASELINE)], [found(Verdict.INCOMPARABLE)]])
def test_what_cannot_be_compared_is_not_repeated(comparisons):
    """More trials do not make it comparable."""
    assert next_round(planned(a=20), comparisons).reason == "nothing can be compared"

"""How far a gate can be trusted, counted by the gate itself: rates, draws dealt out, faults put in."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pytest_llmeval.gate import planted, resampling, trust
from pytest_llmeval.records import CheckId, Draw
from pytest_llmeval.records.trust import Rate, Sight
from tests.unit.gate_lines import TEST, line, passes

STABLE = [line(f"case-{number}", passes(5, 5)) for number in range(10)]


def trials(case, scores, metric="relevance", run="run", first=0):
    """A line whose draws know the index of their trial."""
    draws = tuple(Draw(score, run, "", first + index) for index, score in enumerate(scores) if score is not None)
    return replace(line(case, [], metric=metric), draws=draws)


def flaky(seed, n_cases=15, n_trials=4):
    """A run of a suite in which every third case is flaky."""
    rng = np.random.default_rng(seed)
    rates = np.where(np.arange(n_cases) % 3 == 0, 0.7, 1.0)
    return [line(f"case-{case}", rng.random(n_trials) < rate) for case, rate in enumerate(rates)]


@pytest.mark.parametrize(("n_red", "n"), [(0, 20), (1, 20), (20, 20), (10, 200)])
def test_a_rate_has_the_exact_interval_of_clopper_and_pearson(n_red, n):
    """As scipy's binomtest has it."""
    expected = binomtest(n_red, n).proportion_ci(method="exact")
    rate = trust.rate_of(n_red, n)

    assert (n_red, n) == (rate.n_red, rate.n)
    assert (pytest.approx(expected.low), pytest.approx(expected.high)) == (rate.low, rate.high)


def test_where_nothing_was_tried_nothing_is_known():
    """Any rate is possible, and a share of nothing is no division by zero."""
    assert Rate(n_red=0, n=0, low=0.0, high=1.0) == trust.rate_of(0, 0)
    assert 0.0 == trust.rate_of(0, 0).share


def test_each_trial_is_dealt_to_one_side_with_all_that_it_scored():
    """Checks of one answer rise and fall together; a baseline's draws, without an index, go by their place."""
    runs = [
        [trials("a", [0.1, 0.2, 0.3]), trials("a", [0.1, None, 0.3], metric="safety")],
        [trials("a", [0.4, 0.5, 0.6]), trials("a", [0.4, 0.5, 0.6], metric="safety")],
    ]
    (case,) = resampling.pool(runs)
    before, now = case.deal(np.random.default_rng(1), 3, 3)

    scores = [{one.id.metric: one.scores for one in side} for side in (before, now)]
    assert [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] == sorted(scores[0]["relevance"] + scores[1]["relevance"])
    for side in scores:
        assert tuple(score for score in side["relevance"] if score != 0.2) == side["safety"]


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_dealing_out_keeps_every_score_and_invents_none(n_trials, n_runs, seed):
    """Whatever the numbers of trials and runs."""
    runs = [[trials("a", [(run * 10 + t) / 100 for t in range(n_trials)], run=str(run))] for run in range(2 * n_runs)]
    (case,) = resampling.pool(runs)
    assert n_trials == case.n_trials

    before, now = case.deal(np.random.default_rng(seed), n_trials, n_trials)

    dealt = [*before[0].scores, *now[0].scores]
    assert len(set(dealt)) == 2 * n_trials
    assert set(dealt) <= {score for run in runs for score in run[0].scores}


def test_what_the_runs_do_not_measure_alike_is_left_out():
    """A line that a run lacks, of another version, without a threshold, or with a single draw in all."""
    first = [
        line("a", [1, 1]),
        line("gone", [1, 1]),
        line("other", [1, 1]),
        line("recorded", [1, 1], threshold=None),
    ]
    second = [line("a", [1, 0]), line("other", [1, 1], metric_version="2"), line("recorded", [1, 1], threshold=None)]

    assert ["a"] == [case.lines[0].id.case for case in resampling.pool([first, second])]
    assert () == resampling.pool([[line("a", [1])]])


def test_case_level_values_are_dealt_one_a_run_and_only_with_all_their_trials():
    """A value over five trials says nothing about a session of three."""
    runs = [[line("a", [1, 0, 1]), line("a", [value], metric="consistency", is_case_level=True, n_trials=3)]
            for value in (0.25, 0.75)]  # fmt: skip
    (case,) = resampling.pool(runs)
    rng = np.random.default_rng(3)

    whole = case.deal(rng, 3, 3)
    part = case.deal(rng, 3, 2, with_wholes=False)

    assert [0.25, 0.75] == sorted(one.scores[0] for side in whole for one in side if one.is_case_level)
    assert [["relevance"], ["relevance"]] == [[one.id.metric for one in side] for side in part]


def test_a_suite_without_noise_raises_no_false_alarm():
    """Equal draws can be dealt out in one way only."""
    resampled = trust.false_alarms(resampling.pool([STABLE, STABLE]), 50)

    assert (0, 50) == (resampled.rate.n_red, resampled.rate.n)
    assert () == resampled.alarms


def test_false_alarms_of_a_flaky_suite_stay_within_the_promise():
    """Counted over 300 ways to deal out, whose exact interval must not lie above 5 %."""
    cases = resampling.pool([flaky(1), flaky(2)])

    resampled = trust.false_alarms(cases, 300)

    assert resampled.rate.low <= 0.05
    assert resampled.rate.n_red > 0, "a flaky suite of 15 cases has some, or nothing is counted"
    assert resampled == trust.false_alarms(cases, 300), "equal draws give equal rates"


def test_false_alarms_show_where_the_runs_are_not_dealt_out_but_shocked():
    """What only pairs see: a shocked run is red, and its draws dealt out beside the other are so in at most 5 %."""
    shocked = [replace(one, draws=tuple(draw._replace(score=0.0) for draw in one.draws)) for one in flaky(2)]

    assert Sight.FOUND is trust.sight_of(trust.verdict_on(flaky(1), shocked))
    assert trust.false_alarms(resampling.pool([flaky(1), shocked]), 200).rate.low <= 0.05


def test_a_planted_fault_is_found_the_more_often_the_more_trials_it_has():
    """One broken case of ten stable ones: never with one trial, always with five on both sides."""
    broken = [line("case-0", passes(0, 5)), *STABLE[1:]]
    verdict = trust.verdict_on(STABLE, broken)
    cases = resampling.pool([STABLE, STABLE])

    found = {one.n_trials: one.rate.share for one in trust.found_with(cases, broken, 20)}

    assert Sight.FOUND is trust.sight_of(verdict)
    assert (CheckId(TEST, "case-0", "relevance"),) == trust.named_in(verdict)
    assert {1: 0.0, 3: 1.0, 5: 1.0} == found


def test_a_fault_that_leaves_nothing_to_compare_has_no_verdict():
    """It is not called missed: such a run is exit status 6."""
    other = [replace(one, input_hash="other") for one in STABLE]

    assert Sight.NO_VERDICT is trust.sight_of(trust.verdict_on(STABLE, other))
    assert () == trust.found_with(resampling.pool([STABLE, STABLE]), other, 20)
    assert Sight.MISSED is trust.sight_of(trust.verdict_on(STABLE, STABLE))


def test_faults_put_into_stable_draws_are_found_by_their_size():
    """A broken check always at five trials; the larger drop at least as often as the smaller."""
    found = {one.name: one.found for one in trust.drawn_faults(resampling.pool([STABLE, STABLE]), 60)}

    names = ["one check of one case scores 0", *(f"every check scores {n} points lower" for n in (2, 5, 10))]
    assert names == list(found)
    assert [1, 3, 5] == [one.n_trials for one in found[names[0]]]
    assert 1.0 == found[names[0]][-1].rate.share
    shares = [found[name][-1].rate.share for name in names[1:]]
    assert sorted(shares) == shares
    assert shares[0] < shares[-1]


def test_a_drop_is_as_large_as_it_says():
    """Passes fail as often as asked, other scores fall by the step, none below 0; the mean of each metric falls so."""
    runs = [[line("a", [1] * 400), line("b", [0] * 400), line("c", [0.5, 0.7], metric="tone"), line("d", [0.02] * 2,
            metric="tone")]] * 2  # fmt: skip
    cases = resampling.pool(runs)
    fault = next(fault for fault in planted.faults_of(cases) if "10 points" in fault.name)

    after = {one.id.case: one.scores for one in fault.plant(np.random.default_rng(1), runs[0])}

    assert 0.8 == pytest.approx(math.fsum(after["a"]) / 400, abs=0.05), "b is at 0: a bears the drop of both"
    assert {0.0} == set(after["b"])
    assert (pytest.approx(0.32), pytest.approx(0.52)) == after["c"], "d can fall by 2 points only: c bears the rest"
    assert (0.0, 0.0) == after["d"]


def test_scores_that_are_all_zero_cannot_be_made_worse():
    """No fault is put where none can be seen."""
    zeros = [line("a", [0, 0]), line("b", [0, 0])]

    assert [] == planted.faults_of(resampling.pool([zeros, zeros]))


def test_alarms_are_counted_by_line_the_most_frequent_first():
    """Over verdicts that are red; the rest names nothing."""
    broken = [line("case-0", passes(0, 5)), *STABLE[1:]]
    both = [line("case-0", passes(0, 5)), line("case-1", passes(0, 5)), *STABLE[2:]]
    verdicts = [trust.verdict_on(STABLE, run) for run in (both, broken, STABLE)]

    assert [("case-0", 2), ("case-1", 1)] == [(alarm.id.case, alarm.n) for alarm in trust.alarms_in(verdicts)]

"""Promises of drift between the runs of a baseline: noise is not called drift, a swapped model is."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pytest_llmeval.gate.between_runs import drift
from pytest_llmeval.records import Baseline, BaselineRun, CheckId, Draw, Line

N_BASELINES = 200


def baseline_of(*lines: Line) -> Baseline:
    """Return a baseline of these lines, its runs recorded in the order of their names."""
    runs = sorted({draw.run for line in lines for draw in line.draws})
    recorded = [BaselineRun(id=run, recorded_at=f"2026-01-{number + 1:02}") for number, run in enumerate(runs)]
    return Baseline(lines={line.id: line for line in lines}, runs={run.id: run for run in recorded})


def line_of(case: str, *, nth: int = 0, metric: str = "solved", **runs: tuple[float, ...]) -> Line:
    """Return a line with these scores of each run."""
    draws = tuple(Draw(score, run) for run, scores in runs.items() for score in scores)
    return Line(id=CheckId("t.py::t", case, metric, nth), suite="support", draws=draws)


def coins(
    chance: random.Random, *, n_cases: int, n_trials: int, rates: tuple[float, ...], twice: bool = False
) -> Baseline:
    """Return a baseline of 0/1 scores; each case has a rate of its own, to which a run's shift is added."""
    lines = []
    for case in range(n_cases):
        rate = chance.uniform(0.5, 0.9)
        runs = {
            f"r{number}": tuple(float(chance.random() < rate + shift) for _ in range(n_trials))
            for number, shift in enumerate(rates)
        }
        lines += [line_of(str(case), nth=nth, **runs) for nth in range(1 + twice)]
    return baseline_of(*lines)


def test_each_run_has_its_mean_and_its_place_among_the_others():
    """By hand: in case a the second run lies 0.25 below the case's mean, in case b level with it."""
    (found,) = drift(baseline_of(line_of("a", r1=(1.0, 1.0), r2=(0.5, 0.5)), line_of("b", r1=(0.5,), r2=(0.5,))))

    assert [("r1", 2, 3, 0.75, 0.125), ("r2", 2, 3, 0.5, -0.125)] == [tuple(run) for run in found.runs]
    assert 0.25 == found.spread


def test_a_run_of_other_cases_is_no_drift():
    """Only cases that both drew are set against each other, however hard the others are."""
    (found,) = drift(baseline_of(line_of("a", r1=(1.0,), r2=(1.0,)), line_of("b", r2=(0.0,)), line_of("c", r1=(1.0,))))

    assert (0.0, False) == (found.spread, found.is_drift)
    assert [1.0, 0.5] == [run.mean for run in found.runs]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line_of("a", r1=(1.0, 0.0))], "one run"),
        ([line_of("a", r1=(1.0,)), line_of("b", r2=(0.0,))], "no two runs share a case"),
    ],
)
def test_what_cannot_be_seen_is_said(lines: list[Line], why: str):
    """One run, or runs of other cases."""
    (found,) = drift(baseline_of(*lines))

    assert None is found.spread
    assert (why, f"support solved: drift cannot be seen ({why})") == (found.unseen, found.sentence)


def test_noise_between_trials_is_called_drift_in_at_most_1_of_20_baselines():
    """Also where checks of one trial rise and fall together, and over several metrics; 18 is the exact 99 % limit."""
    chance = random.Random(1)  # noqa: S311 - a simulation
    plain = [coins(chance, n_cases=12, n_trials=4, rates=(0.0, 0.0, 0.0)) for _ in range(N_BASELINES)]
    twice = [coins(chance, n_cases=12, n_trials=4, rates=(0.0, 0.0), twice=True) for _ in range(N_BASELINES)]

    for baselines in (plain, twice):
        assert 18 >= sum(any(one.is_drift for one in drift(baseline)) for baseline in baselines)


def test_a_swapped_model_is_found_and_said_in_plain_words():
    """A fall of 20 points in one run of three, 40 cases of 5 trials: nearly always."""
    chance = random.Random(2)  # noqa: S311 - a simulation
    found = [drift(coins(chance, n_cases=40, n_trials=5, rates=(0.0, 0.0, -0.2)))[0] for _ in range(20)]

    assert 19 <= sum(one.is_drift for one in found)
    (sentence,) = {one.sentence for one in found if one.is_drift and one is found[0]}
    assert sentence.startswith("DRIFT support solved: the runs lie ")
    assert "noise between trials explains at most" in sentence
    assert "(chance under 1 in 1000)" in sentence


def test_many_metrics_share_the_level():
    """What one metric alone would call drift is none among fifty."""
    lines = [line_of(str(case), r1=(1.0, 1.0), r2=(1.0, 0.0)) for case in range(6)]
    others = [
        replace(line, id=line.id._replace(metric=f"m{number}"), draws=tuple(Draw(1.0, draw.run) for draw in line.draws))
        for number in range(50)
        for line in lines
    ]

    alone, among = drift(baseline_of(*lines))[0], drift(baseline_of(*lines, *others))[-1]

    assert ("solved", True) == (alone.metric, alone.is_drift)
    assert ("solved", False) == (among.metric, among.is_drift)


def test_equal_lines_give_equal_numbers_in_any_order():
    """The shuffles have a seed, and cases an order of their own."""
    stored = coins(random.Random(3), n_cases=8, n_trials=3, rates=(0.0, 0.1))  # noqa: S311 - a simulation
    turned = Baseline(lines=dict(reversed(stored.lines.items())), runs=dict(reversed(stored.runs.items())))

    assert drift(stored) == drift(turned)


def test_scores_that_never_differ_show_no_drift():
    """Nothing could be exchanged."""
    (found,) = drift(baseline_of(line_of("a", r1=(1.0,), r2=(1.0,))))

    assert (0.0, 0.0, 1.0, False) == (found.spread, found.explained, found.p, found.is_drift)

"""A baseline of several runs shows how much whole runs differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from scipy.stats import t as student

from pytest_llmeval.gate import compare, decide, of_age
from pytest_llmeval.gate.drift import run_test
from pytest_llmeval.gate.matching import pair_of
from pytest_llmeval.records import Baseline, BaselineRun, Verdict
from tests.unit.gate_lines import line, passes

RUNS = "abcd"


def of_runs(case, by_run):
    """Return a baseline line; ``by_run`` has the scores of each run."""
    plain = line(case, [score for scores in by_run for score in scores])
    runs = [RUNS[place % 4] for place, scores in enumerate(by_run) for _ in scores]
    return replace(plain, draws=tuple(d._replace(run=run) for d, run in zip(plain.draws, runs, strict=True)))


def restless(n=60):
    """Return lines of four runs whose means are 0.6, 0.7, 0.9 and 1.0."""
    return [of_runs(str(case), [[float(case % 10 < tenths)] * 3 for tenths in (6, 7, 9, 10)]) for case in range(n)]


def compared(before, now):
    """Compare."""
    return compare(before, now, suite="", metric="relevance")


def test_run_that_is_no_lower_than_runs_on_main_is_not_red():
    """Down from 0.8 to 0.6: the labels alone would say regressed, but a run on main was there too."""
    now = [line(str(case), [float(case % 10 < 6)] * 3) for case in range(60)]
    found = compared(restless(), now)
    assert found.verdict is Verdict.UNDECIDED
    assert found.notes[0] == "the average fell, but not further than the 4 runs on main differ from each other"
    one_run = [replace(x, draws=tuple(d._replace(run="a") for d in x.draws)) for x in restless()]
    assert compared(one_run, now).verdict is Verdict.REGRESSED


def test_run_that_is_lower_than_all_runs_is_red():
    """From 0.8 to 0.1."""
    now = [line(str(case), [float(case % 10 < 1)] * 3) for case in range(60)]
    assert compared(restless(), now).verdict is Verdict.REGRESSED


def test_broken_case_is_named_all_the_same():
    """A bad day does not turn 12 of 12 into 0 of 12."""
    before = [of_runs("eu", [[1.0] * 3] * 4), *restless(20)]
    now = [line("eu", passes(0, 12)), *(line(str(case), [float(case % 10 < 6)] * 3) for case in range(20))]
    found = decide([compared(before, now)])
    assert found.verdict is Verdict.REGRESSED
    assert "[eu]" in found.sentences[0]


def test_runs_are_tested_by_students_t():
    """Deviations of -0.2, -0.1, 0.1, 0.2 from the cases' means; here -0.35; 3 degrees of freedom."""
    pairs = [pair_of(before, line(before.id.case, [float(int(before.id.case) % 20 < 9)]), ()) for before in restless()]
    spread = ((0.04 + 0.01) * 2 / 3) ** 0.5
    expected = student.cdf(-0.35 / (spread * (1 + 1 / 4) ** 0.5), 3)
    assert run_test(pairs) == (pytest.approx(expected, rel=1e-6), 4)


def test_three_runs_tell_nothing():
    """As does one: then the labels decide alone."""
    before = [of_runs(str(case), [[1.0], [1.0], [0.0]]) for case in range(10)]
    pairs = [pair_of(x, line(x.id.case, [0.0]), ()) for x in before]
    assert run_test(pairs) == (0.0, 3)


def test_equal_runs_leave_any_fall_standing():
    """No spread between runs: any fall is further than that."""
    before = [of_runs(str(case), [[1.0]] * 4) for case in range(10)]
    assert run_test([pair_of(x, line(x.id.case, [0.0]), ()) for x in before]) == (0.0, 4)
    assert run_test([pair_of(x, line(x.id.case, [1.0]), ()) for x in before]) == (1.0, 4)


def recorded(*days, model="openai/smollm2"):
    """Return a baseline of runs of these days."""
    runs = {day: BaselineRun(id=day, recorded_at=f"{day}T12:00:00+00:00", model=model) for day in days}
    return Baseline(runs=runs)


def test_old_baseline_says_that_drift_cannot_be_ruled_out():
    """Its youngest run counts; the sentence stands at the end of the verdict's."""
    said = of_age(recorded("2025-10-01", "2025-11-01"), date(2026, 1, 31))
    (sentence,) = said
    assert sentence == (
        "The baseline was recorded on 2025-11-01 with openai/smollm2, 91 days ago; drift of the provider cannot be "
        "ruled out. `--llmeval-confirm` runs main's version side by side."
    )
    assert decide([], remarks=said).sentences == said


def test_young_baseline_and_one_of_several_runs_say_nothing():
    """29 days; four runs, which show drift themselves; a date that is none."""
    assert of_age(recorded("2026-01-02"), date(2026, 1, 31)) == ()
    assert of_age(recorded("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"), date(2026, 1, 31)) == ()
    assert of_age(recorded("unknown"), date(2026, 1, 31)) == ()
    assert of_age(Baseline(), date(2026, 1, 31)) == ()

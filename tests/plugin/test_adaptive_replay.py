"""Adaptive trials from recordings: CI, without a key, draws again what was drawn again, to the same verdict."""

from __future__ import annotations

import shutil

import pytest

from tests.plugin.adaptive_suite import HERE, N_CASES, N_FIRST, break_cases, draw_main, everything, n_trials

REPLAY = ("--llmeval-cache=replay",)


@pytest.fixture
def recorded(project, provider):
    """A branch with a broken case, whose session with a key has been recorded; its working cache is not in git."""
    draw_main(project, provider)
    break_cases(project, "c7")
    assert 1 == project.run_apart(*HERE).ret
    shutil.rmtree(project.path / ".llmeval")
    provider.requests.clear()
    return provider


def test_a_replay_comes_to_the_same_verdict(project, recorded, way):
    """With the first trials alone nobody could name the broken case."""
    result = project.run_apart(*HERE, *REPLAY, *way)

    assert 1 == result.ret, everything(result)
    result.stdout.fnmatch_lines(["REGRESSED *c7* number: passed 10 of 10 on main, 0 of 5*"])
    result.assert_outcomes(passed=N_CASES)
    assert {"c7": 5} == {case: n for case, n in n_trials(project).items() if n != N_FIRST}
    assert [] == recorded.requests


@pytest.mark.parametrize("n_recorded", [N_FIRST, 3], ids=["the first trials", "one more"])
def test_what_is_not_recorded_is_no_failure(project, provider, n_recorded):
    """Nobody was to record it: the case is judged by its first trials, and the report says so."""
    draw_main(project, provider)
    break_cases(project, "c7")
    project.run_apart(f"--llmeval-trials={n_recorded}")
    provider.requests.clear()

    result = project.run_apart(*HERE, *REPLAY)

    result.assert_outcomes(passed=N_CASES)
    assert {N_FIRST} == set(n_trials(project).values())
    assert [] == provider.requests
    result.stdout.fnmatch_lines(["llmeval: *c7? looks bad, and no more trials of it are recorded: it is judged by 2*"])
    assert "to record" not in result.stdout.str()


def test_a_first_trial_that_is_not_recorded_fails_as_ever(project, provider):
    """A miss there is somebody's omission."""
    draw_main(project, provider)

    result = project.run_apart(*HERE, *REPLAY)

    assert 0 != result.ret
    assert N_CASES == result.parseoutcomes()["failed"]

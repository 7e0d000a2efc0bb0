"""A test that skips itself when it is drawn again is judged by the trials it had, and never leaves the comparison."""

from __future__ import annotations

import pytest

from tests.plugin.adaptive_suite import HERE, N_CASES, N_FIRST, break_cases, draw_main, everything, n_trials

SKIPS = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval):
    if is_again(llmeval):
        pytest.skip("not again")
    assert_score("number", number, output=ask(llm, llm_case))
"""
SKIPS_LATE = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval):
    assert_score("number", number, output=ask(llm, llm_case))
    if IS_BRANCH and llmeval.trial == 3:
        pytest.skip("no more")
"""
IN_A_FIXTURE = """
@pytest.fixture
def opened(llmeval):
    if is_again(llmeval):
        pytest.skip("not again")
    yield

@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval, opened):
    assert_score("number", number, output=ask(llm, llm_case))
"""


@pytest.mark.parametrize("suite", [SKIPS, SKIPS_LATE, IN_A_FIXTURE], ids=["at once", "with calls in flight", "set-up"])
def test_two_broken_cases_stay_in_the_comparison(project, provider, suite):
    """A skipped case is not compared: two broken ones would go green by it."""
    draw_main(project, provider, suite)
    break_cases(project, "c3", "c7")

    result = project.run_apart(*HERE, "-p", "no:xdist")

    assert 1 == result.ret, everything(result)
    result.assert_outcomes(passed=N_CASES)
    assert {N_FIRST} == set(n_trials(project).values())
    result.stdout.fnmatch_lines(
        ["llmeval: *test_case?c3? skipped itself when it was drawn again: it is judged by 2 trials"]
    )


def test_in_workers_too(project, provider):
    """What is said rides on the report."""
    draw_main(project, provider, SKIPS)
    break_cases(project, "c3", "c7")

    result = project.run_apart(*HERE, "-n2")

    assert 1 == result.ret, everything(result)
    assert {N_FIRST} == set(n_trials(project).values())
    assert 2 == result.stdout.str().count("skipped itself when it was drawn again")


def test_a_case_that_always_skips_itself_is_skipped(project, provider):
    """The first trial says so, and it is drawn no further."""
    draw_main(project, provider)
    skips = SKIPS.replace("is_again(llmeval)", "llm_case.id == 'c3'")
    break_cases(project, "c3", suite=skips)

    result = project.run_apart(*HERE, "-p", "no:xdist")

    result.assert_outcomes(passed=N_CASES - 1, skipped=1)

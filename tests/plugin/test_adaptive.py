"""``--llmeval-trials=auto``: few trials for all, more for the cases that look bad, wherever they run."""

from __future__ import annotations

import pytest

from pytest_llmeval.store import baselines

SUITE = """
import pytest
from app import ask
from graded import number
from pytest_llmeval import assert_score

CASES = [{"id": f"c{n}", "input": f"case {n}"} for n in range(12)]

@pytest.fixture(scope="module")
def opened():
    print("opened")
    yield
    print("closed")

@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, opened):
    assert_score("number", number, output=ask(llm, llm_case))
"""
APP = """
def ask(llm, case):
    number = 0 if case.id in {broken!r} else 1
    return llm(f"{{number}} is the answer to {{case.input}}", system={version!r})
"""
N_CASES = 12
ON_MAIN = ("--llmeval-trials=10", "--llmeval-baseline-update")
HERE = ("--llmeval-trials=auto", "--llmeval-gate=pr", "-s")


@pytest.fixture
def suite(project, provider):
    """Twelve cases that always pass on main, whose application has changed since; ``breaks`` says what is broken."""
    project.write("test_suite.py", SUITE)
    project.write("app.py", APP.format(broken=(), version="main"))
    project.run_apart(*ON_MAIN)
    provider.requests.clear()
    provider.breaks = lambda *cases: project.write("app.py", APP.format(broken=cases, version="branch"))
    provider.breaks()
    return provider


def test_nothing_is_drawn_again_where_nothing_looks_bad(project, suite, way):
    """Twelve cases, two trials each, and not a call more."""
    result = project.run_apart(*HERE, *way)

    result.assert_outcomes(passed=N_CASES)
    assert 2 * N_CASES == len(suite.requests)
    assert {2} == {len(found.trials) for found in project.session.results}


def test_a_broken_case_is_drawn_again_until_it_is_proven(project, suite, way):
    """The others keep their two trials; the session knows its plan."""
    suite.breaks("c7")

    result = project.run_apart(*HERE, *way)

    assert 1 == result.ret
    result.stdout.fnmatch_lines(["REGRESSED *c7* number: passed 10 of 10 on main, 0 of 5*"])
    n_trials = {found.id.case: len(found.trials) for found in project.session.results}
    assert {"c7": 5} == {case: n for case, n in n_trials.items() if n != 2}
    assert 2 * N_CASES + 3 == len(suite.requests)
    assert (5, 10, 20) == project.session.trials.looks


def test_fixtures_are_set_up_anew_for_a_retest_and_its_test_is_reported_once(project, suite):
    """As pytest runs a test: a module's fixtures were gone by then."""
    suite.breaks("c3")

    result = project.run_apart(*HERE, "-p", "no:xdist")

    out = result.stdout.str()
    assert (2, 2) == (out.count("opened"), out.count("closed"))
    result.assert_outcomes(passed=N_CASES)


def test_a_replay_draws_nothing_again(project, suite):
    """What would be drawn was never recorded, and a miss would be a failure that nobody caused."""
    suite.breaks("c7")
    project.run_apart("--llmeval-trials=2")
    suite.requests.clear()

    result = project.run_apart(*HERE, "--llmeval-cache=replay")

    result.assert_outcomes(passed=N_CASES)
    assert [] == suite.requests


def test_a_marker_says_how_many_and_means_it(project, suite):
    """Markers win over the command line."""
    suite.breaks("c7")
    project.write("test_suite.py", SUITE.replace("cases=CASES", "cases=CASES, trials=3"))

    project.run_apart(*HERE)

    assert {3} == {len(found.trials) for found in project.session.results}


def test_what_was_drawn_again_for_its_looks_makes_no_baseline(project, suite):
    """A bad first draw brought the others: only the trials that every case has are a fair sample of it."""
    suite.breaks("c7")
    project.run_apart(*HERE, "--llmeval-baseline-update")

    stored = baselines.read(project.path / "baselines").lines.values()
    assert {2} == {len(line.draws) for line in stored}


def test_a_run_that_is_stopped_draws_nothing_again_and_reports_what_it_has(project, suite):
    """-x: a failure stops the run before the suspicious case is drawn again."""
    suite.breaks("c3")
    project.write("test_then.py", "def test_fails():\n    assert False\n")

    result = project.run_apart(*HERE, "-x", "-p", "no:xdist")

    assert 2 * N_CASES == len(suite.requests)
    result.stdout.fnmatch_lines(["*1 test had run when the session stopped*c3*"])

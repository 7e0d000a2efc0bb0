"""A case that is drawn again is one test in every report, wherever and by whatever it is run."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.plugin.adaptive_suite import BODY, HERE, N_CASES, N_FIRST, break_cases, draw_main, everything, n_trials

WAYS = [
    ("-p", "no:xdist"),
    ("-n2",),
    ("-n2", "--dist=loadfile"),
    ("-n2", "--dist=worksteal"),
    ("-p", "no:xdist", "--timeout=60"),
]
PROPERTIES = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval, record_property):
    record_property("trial", llmeval.trial)
    print("in trial", llmeval.trial)
    assert_score("number", number, output=ask(llm, llm_case))
"""
XFAIL = "\n@pytest.mark.xfail" + BODY


@pytest.mark.parametrize("args", WAYS, ids=" ".join)
def test_one_testcase_each_with_the_properties_of_its_last_trial(project, provider, args):
    """Fixed trials have it so: the test's own properties are those of one trial, however often it was drawn."""
    draw_main(project, provider, PROPERTIES)
    break_cases(project, "c3", "c7")

    result = project.run_apart(*HERE, *args, "--junitxml=junit.xml")

    assert 1 == result.ret, everything(result)
    result.assert_outcomes(passed=N_CASES)
    assert {"c3": 5, "c7": 5} == {case: n for case, n in n_trials(project).items() if n != N_FIRST}
    cases = {case.get("name"): case for case in ET.parse(project.path / "junit.xml").getroot().iter("testcase")}  # noqa: S314 - our own file
    assert N_CASES == len(cases)
    seen = {
        name: [one.get("value") for one in case.iter("property") if not one.get("name").startswith("llmeval.")]
        for name, case in cases.items()
    }
    assert (["4"], ["1"]) == (seen["test_case[c3]"], seen["test_case[c4]"])


def test_an_expected_failure_is_drawn_again_as_well(project, provider, way):
    """With the gate on the case is held, so its checks do not fail the test; the gate finds it all the same."""
    draw_main(project, provider, XFAIL)
    break_cases(project, "c7")

    result = project.run_apart(*HERE, *way)

    assert 1 == result.ret, everything(result)
    result.assert_outcomes(xpassed=N_CASES)
    assert {"c7": 5} == {case: n for case, n in n_trials(project).items() if n != N_FIRST}


def test_pytest_rerunfailures_keeps_its_tests_and_the_user_hears_of_it(project, provider):
    """It must see how each run ends, so nothing is drawn again, and that is not kept quiet."""
    draw_main(project, provider)
    break_cases(project, "c7")

    result = project.run_apart(*HERE, "--reruns=1")

    assert {N_FIRST} == set(n_trials(project).values()), everything(result)
    assert 1 == result.stdout.str().count("llmeval: a test that pytest-rerunfailures may run again is not drawn again")


def test_where_every_test_must_wait_nothing_is_drawn_again_and_the_user_hears_of_it(project, provider):
    """A debugger, for one: it stands in the test that fails."""
    draw_main(project, provider)
    break_cases(project, "c7")

    result = project.run_apart(*HERE, "--setup-show", "-p", "no:xdist")

    assert {N_FIRST} == set(n_trials(project).values()), everything(result)
    result.stdout.fnmatch_lines(["llmeval: every test waits for its own checks, and no case is drawn again: *"])

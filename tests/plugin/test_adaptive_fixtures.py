"""Fixtures of every scope are set up anew for a case that is drawn again; one that fails there is an error, in red."""

from __future__ import annotations

import pytest

from tests.plugin.adaptive_suite import HERE, N_CASES, N_FIRST, break_cases, draw_main, everything, n_trials

ONCE = """
UP = []

@pytest.fixture(scope={scope!r})
def opened():
    UP.append(1)
    if IS_BRANCH and len(UP) > {n_allowed}:
        raise RuntimeError("only once")
    yield

@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval, opened):
    assert_score("number", number, output=ask(llm, llm_case))
"""
UNITTEST = """
import unittest

class TestAnswers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.is_up = True

    @classmethod
    def tearDownClass(cls):
        del cls.is_up

    @pytest.fixture(autouse=True)
    def _ask(self, llm, llmeval):
        self.llm, self.llmeval = llm, llmeval

    def setUp(self):
        assert self.is_up and not hasattr(self, "seen")
        self.seen = True

    def test_bad(self):
        output = self.llm(("0" if IS_BRANCH else "1") + " is bad", system=str(IS_BRANCH))
        assert_score("number", number, output=output)

    def test_good(self):
        assert_score("number", number, output=self.llm("1 is good", system=str(IS_BRANCH)))
"""
PARAMETRIZED = """
@pytest.fixture(params=["x", "y"], scope="module")
def wide(request):
    yield request.param

@pytest.mark.parametrize("n", [1, 2])
def test_answer(llm, wide, n):
    output = llm(("0" if IS_BRANCH and n == 2 else "1") + f" is {n} {wide}", system=str(IS_BRANCH))
    assert_score("number", number, output=output)
"""


@pytest.mark.parametrize(("scope", "n_allowed"), [("session", 1), ("module", 1), ("function", N_CASES * N_FIRST)])
def test_a_fixture_that_fails_the_second_time_is_an_error_and_the_scores_stay(project, provider, scope, n_allowed):
    """Never a silent pass; and what was scored before is compared."""
    draw_main(project, provider, ONCE.format(scope=scope, n_allowed=n_allowed))
    break_cases(project, "c3")

    result = project.run_apart(*HERE, "-p", "no:xdist")

    assert 1 == result.ret, everything(result)
    result.assert_outcomes(passed=N_CASES - 1, errors=1)
    assert {N_FIRST} == set(n_trials(project).values())
    assert (N_CASES * N_FIRST, N_CASES * N_FIRST) == project.session.coverage


def test_methods_of_unittest_are_drawn_again_on_a_new_instance(project, provider, way):
    """The class's own set-up comes again too, for its end has been."""
    draw_main(project, provider, UNITTEST)

    result = project.run_apart(*HERE, *way)

    assert 1 == result.ret, everything(result)
    result.assert_outcomes(passed=2)
    n = {found.id.test.rpartition("::")[2]: len(found.trials) for found in project.session.results}
    assert {"test_bad": 5, "test_good": 3} == n


def test_parameters_are_what_they_were(project, provider, way):
    """Of the function and of a wide fixture."""
    draw_main(project, provider, PARAMETRIZED)

    result = project.run_apart(*HERE, *way)

    assert 1 == result.ret, everything(result)
    result.assert_outcomes(passed=4)
    n = {found.id.test.rpartition("::")[2]: len(found.trials) for found in project.session.results}
    assert {"test_answer[x-1]": 3, "test_answer[x-2]": 5, "test_answer[y-1]": 3, "test_answer[y-2]": 5} == n

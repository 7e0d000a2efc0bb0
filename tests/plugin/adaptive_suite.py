"""A suite of twelve cases that always pass on main, and whose application has changed since: what is drawn again?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

N_CASES = 12
N_FIRST = 2  # of the first pass, in a suite of this size
ON_MAIN = ("--llmeval-trials=10", "--llmeval-baseline-update")
HERE = ("--llmeval-trials=auto", "--llmeval-gate=pr")

HEAD = """
import os
import pytest
from app import IS_BRANCH, ask
from graded import number
from pytest_llmeval import assert_consistent, assert_score

CASES = [{"id": f"c{n}", "input": f"case {n}"} for n in range(12)]

def is_again(llmeval):
    return IS_BRANCH and llmeval.trial >= 2
"""
BODY = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval):
    assert_score("number", number, output=ask(llm, llm_case))
"""
APP = """
IS_BRANCH = {is_branch!r}

def ask(llm, case, more=""):
    number = 0 if case.id in {broken!r} else 1
    return llm(f"{{number}} is the answer to {{case.input}}{{more}}", system={version!r})
"""


def draw_main(project, provider, suite: str = BODY) -> None:
    """Draw ten trials of each case as the baseline; from here on it is the branch that runs, and nothing is broken."""
    project.write("test_suite.py", HEAD + suite)
    project.write("app.py", APP.format(broken=(), version="main", is_branch=False))
    result = project.run_apart(*ON_MAIN)
    assert 0 == result.ret, result.stdout.str()
    provider.requests.clear()
    break_cases(project)


def break_cases(project, *cases: str, suite: str = "") -> None:
    """Let these cases fail always; ``suite`` is what the test does from now on."""
    project.write("app.py", APP.format(broken=cases, version="branch", is_branch=True))
    if suite:
        project.write("test_suite.py", HEAD + suite)


def n_trials(project) -> dict[str, int]:
    """Return how many trials each case of the newest session has."""
    return {found.id.case: len(found.trials) for found in project.session.results}


def everything(result: pytest.RunResult) -> str:
    """Return what a run printed, for a failing assertion."""
    return result.stdout.str() + result.stderr.str()

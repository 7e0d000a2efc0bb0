"""A worker that dies takes its running test with it: that test is named, nothing else is lost, the exit status is 6."""

import pytest

SUITE = """
import os
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(trials=2)
@pytest.mark.parametrize("n", range(20))
def test_many(n, llmeval):
    assert_score("m", 1.0)
    if n == 7 and llmeval.trial == TRIAL:
        os._exit(1)
"""


@pytest.mark.parametrize("trial", [0, 1])
@pytest.mark.parametrize("dist", ["load", "worksteal"])
def test_the_lost_test_is_named_and_nothing_else_is_lost(project, dist, trial):
    """In the first trial or in a later one.

    Not with loadscope and loadfile: they run the crashing test again on every new worker, with or without us.
    """
    project.write("test_suite.py", SUITE.replace("TRIAL", str(trial)))

    result = project.run("-n2", f"--dist={dist}")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(
        ["exit status 6: *1 planned test brought no result*", "LOST: *test_suite.py::test_many?7?*"]
    )
    assert ("test_suite.py::test_many[7]",) == project.session.lost
    assert 19 == len(project.session.results)


def test_a_worker_that_is_not_replaced(project):
    """With --max-worker-restart=0 and one worker, what was never started is missing too, and not silently."""
    project.write("test_suite.py", SUITE.replace("TRIAL", "0"))

    result = project.run("-n1", "--max-worker-restart=0")

    assert 0 != result.ret
    assert "test_suite.py::test_many[7]" in project.session.lost
    assert 20 == len(project.session.results) + len(project.session.lost)


DEADLY = """
import os
import pytest
from pytest_llmeval import assert_score

@pytest.fixture
def deadly():
    os._exit(1)

@pytest.mark.llmeval
def test_llm(deadly):
    assert_score("m", 1.0)
"""


@pytest.mark.parametrize("beside", ["", "def test_plain(): pass"], ids=["alone", "beside-a-plain-test"])
def test_a_worker_that_dies_before_any_report_of_an_llm_test_is_missed(project, beside):
    """In the set-up of the only one: the plan, which rides on such reports, comes from the worker after it."""
    project.write("test_suite.py", DEADLY + beside)

    result = project.run("-n1")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(
        ["exit status 6: *1 planned test brought no result*", "LOST: *test_suite.py::test_llm*"]
    )
    assert ("test_suite.py::test_llm",) == project.session.lost
    assert () == project.session.results

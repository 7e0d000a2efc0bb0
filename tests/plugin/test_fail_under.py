"""``--llmeval-fail-under``: an absolute floor on a suite mean, with and without a gate."""

import pytest

SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("score", [0.6, 0.9])
def test_score(score):
    assert_score("m", score, threshold=0.5)
    assert_score("seen", 0.1, threshold=None)
"""


@pytest.fixture
def suite(project):
    """A suite whose mean is 0.75."""
    project.write("test_suite.py", SUITE)
    return project


@pytest.mark.parametrize(
    ("floors", "status"),
    [(["0.75"], 0), (["0.76"], 1), (["m:0.76"], 1), (["0.76", "m:0.7"], 0), (["seen:0.2"], 1), (["other:0.1"], 6)],
)
def test_the_exit_status_says_whether_every_mean_is_above_its_floor(suite, floors, status, way):
    """1 below it, 6 where the session has no such mean; a metric of its own floor has only that one."""
    result = suite.run(*way, *(f"--llmeval-fail-under={floor}" for floor in floors))

    assert status == result.ret


def test_the_reason_stands_beside_the_status(suite):
    """Mean, number of lines, floor."""
    result = suite.run("--llmeval-fail-under=m:0.8")

    result.stdout.fnmatch_lines(["*exit status 1: the mean of m, 0.75 over 2 lines, is below its floor 0.8*"])
    (breach,) = suite.session.floors
    assert ("m", 0.8, 0.75) == (breach.metric, breach.floor, breach.mean)


def test_the_ini_holds_one_floor_a_line(suite):
    """As everything that repeats."""
    suite.write("pytest.ini", "[pytest]\nllmeval_fail_under =\n    0.2\n    m:0.8\n")

    assert 1 == suite.run().ret


def test_a_floor_without_a_test_is_no_pass(project):
    """Nothing was measured, so nothing is above it."""
    project.write("test_plain.py", "def test_plain():\n    pass\n")

    result = project.run("--llmeval-fail-under=0.5")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["*the floor 0.5 of every mean was set, and this session has no such mean*"])


@pytest.mark.parametrize("text", ["80%", ":0.5", "m:2"])
def test_a_floor_that_cannot_be_obeyed_is_4(suite, text):
    """With what it takes."""
    result = suite.run(f"--llmeval-fail-under={text}")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*it takes MIN or METRIC:MIN, with MIN a number in ?0, 1?*"])

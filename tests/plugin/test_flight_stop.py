"""-x, --maxfail, --sw, --lf: after the last failure that counts nothing is reported, and what was dropped is named."""

import re

import pytest

SUITE = """
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.fixture(scope="module")
def wide(request):
    yield
    print("wide is", "down")
    if "BROKEN":
        raise ValueError("down with it")

@pytest.mark.parametrize("n", range(12))
def test_many(llm, wide, n):
    assert_score("m", number, output=llm(f"0.{1 if n in (2, 4, 7) else 9} @{0.5 if n > 4 else 0.1} n {n}"))
"""
TEST = "test_suite.py::test_many"


NARROW = ["--llmeval-concurrency=1"]  # so that four tests are parked at most


def _write(project, broken=""):
    project.write("test_suite.py", SUITE.replace("BROKEN", broken))


def _failed(result):
    return [line.split()[1] for line in result.outlines if line.startswith("FAILED ")]


@pytest.mark.parametrize(
    ("args", "failed", "n_passed"),
    [
        (["-x"], [2], 2),
        (["--maxfail=2"], [2, 4], 3),
        (["--maxfail=9"], [2, 4, 7], 9),
        (["--sw"], [2], 2),
        (["-x", *NARROW], [2], 2),
    ],
    ids=["-x", "--maxfail=2", "--maxfail=9", "--sw", "a small window"],
)
def test_the_first_failures_in_the_order_of_the_run(project, provider, args, failed, n_passed):
    """Serial: exactly as many as asked for, and the first ones; tests that had run are counted and named."""
    _write(project)

    result = project.run_apart("-p", "no:xdist", "-s", *args)

    result.assert_outcomes(passed=n_passed, failed=len(failed))
    assert [f"{TEST}[{n}]" for n in failed] == _failed(result)
    assert 0 != result.ret
    assert n_passed + len(failed) == len(project.session.results)
    assert () == project.session.lost
    assert 1 == result.stdout.str().count("wide is down")
    told = re.findall("llmeval: ([0-9]+) tests? had run when the session stopped; .*", result.stdout.str())
    n_left = 12 - n_passed - len(failed)
    if n_left:
        assert project.session.stopped
        assert 1 <= int(*told) <= n_left
        result.stdout.fnmatch_lines([f"llmeval: *their checks were not waited for: {TEST}?{max(failed) + 1}?*"])
    else:
        assert [] == told


def test_stepwise_and_last_failed_go_on_where_it_stopped(project, provider):
    """What was dropped keeps its place: --sw comes back to the failure, --lf runs the failures."""
    _write(project)
    project.run_apart("-p", "no:xdist", "--sw")
    result = project.run_apart("-p", "no:xdist", "--sw")
    assert [f"{TEST}[2]"] == _failed(result)
    result.stdout.fnmatch_lines(["*skipping 2 already passed items*"])

    result = project.run_apart("-p", "no:xdist", "--sw", "--sw-skip")
    assert [f"{TEST}[2]", f"{TEST}[4]"] == _failed(result)

    assert [f"{TEST}[{n}]" for n in (2, 4, 7)] == _failed(project.run_apart("-p", "no:xdist"))
    result = project.run_apart("-p", "no:xdist", "--lf", "-x")
    result.stdout.fnmatch_lines(["*run-last-failure: rerun previous 3 failures*"])
    assert [f"{TEST}[2]"] == _failed(result)


@pytest.mark.parametrize("args", [[], NARROW], ids=["with the last test", "before it"])
def test_a_finalizer_that_fails_at_the_stop_is_reported(project, provider, args):
    """Whether the last test of the module has run or never comes: a teardown's error, no internal one."""
    _write(project, broken="yes")

    result = project.run_apart("-p", "no:xdist", "-x", "-s", *args)

    result.assert_outcomes(passed=2, failed=1, errors=1)
    assert 1 == result.stdout.str().count("wide is down")
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_many*", "E*ValueError: down with it"])
    assert [f"{TEST}[2]"] == _failed(result)
    assert 0 != result.ret


def test_workers_stop_too(project, provider):
    """Each at its own first failure, as under plain xdist: at most one failure each, and all tests accounted for."""
    _write(project)

    result = project.run_apart("-n2", "-x")

    found = result.parseoutcomes()
    assert 1 <= found["failed"] <= 2
    assert 0 != result.ret
    assert () == project.session.lost
    told = [line for line in result.outlines if "had run when the session stopped" in line]
    assert len(told) <= 1


def test_a_plain_failure_stops_it_at_once(project, provider):
    """It is logged when it happens, and drops the tests that wait."""
    project.write(
        "test_suite.py",
        SUITE.replace("BROKEN", "").replace("12", "3")
        + "\ndef test_plain():\n    assert False\n\ndef test_last(llm):\n    llm('0.9 last')\n",
    )

    result = project.run_apart("-p", "no:xdist", "-x")

    result.assert_outcomes(failed=1)
    assert ["test_suite.py::test_plain"] == _failed(result)
    result.stdout.fnmatch_lines(["llmeval: 3 tests had run when the session stopped*"])
    assert 0 != result.ret

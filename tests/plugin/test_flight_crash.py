"""A worker that dies with tests in flight: each of them is reported by name, and the exit status is not 0."""

import re
from xml.etree import ElementTree as ET

import pytest

SUITE = """
import os, time
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.mark.parametrize("n", range(20))
def test_many(llm, n):
    assert_score("m", number, output=llm(f"0.9 @0.{n % 3} n {n}"))
    if n == KILLER:
        time.sleep(BEFORE)
        os._exit(1)
"""
DRAIN = """
import os, threading, time
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.mark.parametrize("n", range(9))
def test_many(llm, n):
    assert_score("m", number, output=llm(f"0.9 @{0.1 if n < 4 else 3} n {n}"))
    if n == 8:
        threading.Timer(1.5, os._exit, [1]).start()
"""
LOST = re.compile(r"^FAILED (test_suite.py::\S+)( - worker 'gw.' crashed.*)?$")


def _look_at(project, result, n_collected):
    """Everything that was collected is reported once: it passed, or is named as lost."""
    outcomes = result.parseoutcomes()
    assert n_collected == outcomes.get("passed", 0) + outcomes["failed"], outcomes
    assert 0 != result.ret
    failed = [found[1] for line in result.outlines if (found := LOST.match(line))]
    assert outcomes["failed"] == len(failed) == len(set(failed))
    # A test that xdist reports has no scores either: all that failed here brought no result.
    assert sorted(failed) == sorted(project.session.lost)
    assert n_collected - len(failed) == len(project.session.results)
    assert 6 == result.ret
    result.stdout.fnmatch_lines([f"exit status 6: *{len(failed)} planned test*", "LOST: *"])
    return failed


@pytest.mark.parametrize(
    ("args", "before_s"),
    [(["-n1"], 0), (["-n2"], 0), (["-n2", "--dist=worksteal"], 0.3), (["-n2", "-x"], 0)],
    ids=["one worker", "two workers", "worksteal", "stopping at the first"],
)
def test_a_crash_with_tests_parked(project, provider, args, before_s):
    """In the midst of the run; the replacement does what is left, and xdist's own crash report is not doubled."""
    project.write("test_suite.py", SUITE.replace("KILLER", "7").replace("BEFORE", str(before_s)))

    result = project.run_apart(*args, "--junitxml=junit.xml")

    failed = _look_at(project, result, 20)
    assert "test_suite.py::test_many[7]" in failed
    suite = next(ET.parse(project.path / "junit.xml").getroot().iter("testsuite"))  # noqa: S314 - our own file
    # xdist's own report of the test that ran is an error there.
    assert (20, len(failed)) == (int(suite.get("tests")), int(suite.get("failures")) + int(suite.get("errors")))


@pytest.mark.parametrize("way", ["-n1", "-n2"])
def test_a_crash_while_the_last_ones_are_waited_for(project, provider, way):
    """All bodies have run, so for xdist nothing is missing: without the ledger this would be green."""
    project.write("test_suite.py", DRAIN)

    result = project.run_apart(way)

    failed = _look_at(project, result, 9)
    assert "test_suite.py::test_many[8]" in failed
    assert 1 < len(failed)
    assert len(failed) - 1 == result.stdout.str().count("crashed before the checks of this test were reported\n")


def test_a_worker_that_is_not_replaced(project, provider):
    """What was in flight is reported; what never began is missing, as in plain xdist, and is counted as lost."""
    project.write("test_suite.py", SUITE.replace("KILLER", "7").replace("BEFORE", "0"))

    result = project.run_apart("-n1", "--max-worker-restart=0")

    assert 0 != result.ret
    session = project.session
    assert 20 == len(session.results) + len(session.lost)
    failed = {found[1] for line in result.outlines if (found := LOST.match(line))}
    assert "test_suite.py::test_many[7]" in failed
    began = {f"test_suite.py::test_many[{n}]" for n in range(8)}
    assert began == failed | {result.nodeid for result in session.results}

"""Parked tests are reported as if they had just run: whole, one after the other, under their own file's name."""

import itertools

CONFTEST = """
import pathlib

is_worker = []

def pytest_configure(config):
    is_worker.append(hasattr(config, "workerinput"))

def _note(*words):
    if is_worker[0]:
        return
    with pathlib.Path("hooks.txt").open("a") as file:
        print(*words, file=file)

def pytest_runtest_logstart(nodeid, location):
    _note(nodeid, "start")

def pytest_runtest_logreport(report):
    _note(report.nodeid, report.when)

def pytest_runtest_logfinish(nodeid, location):
    _note(nodeid, "finish")
"""
SUITE = """
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.mark.parametrize("n", range(4))
def test_waits(llm, n):
    assert_score("m", number, output=llm(f"0.{9 if n else 1} @0.{4 - n} NAME {n}"))

def test_plain():
    pass

@pytest.mark.llmeval(trials=2)
def test_trials(llm):
    assert_score("m", number, output=llm("0.9 @0.1 NAME"))

@pytest.mark.skip(reason="never")
def test_skipped(llm):
    pass

def test_no_setup(llm, nonexistent):
    pass

@pytest.mark.llmeval(eager=True)
def test_eager(llm):
    assert_score("m", number, output=llm("0.9 @0.1 NAME eager"))
"""
NAMES = [
    *(f"test_waits[{n}]" for n in range(4)),
    "test_plain",
    "test_trials",
    "test_skipped",
    "test_no_setup",
    "test_eager",
]
WHOLE = ["start", "setup", "call", "teardown", "finish"]


def _write(project):
    project.write("conftest.py", CONFTEST)
    for name in ("one", "two"):
        project.write(f"test_{name}.py", SUITE.replace("NAME", name))


def _hooks(project):
    lines = (project.path / "hooks.txt").read_text().splitlines()
    return [tuple(line.rsplit(" ", 1)) for line in lines]


def _expected(nodeid):
    is_cut = "skipped" in nodeid or "no_setup" in nodeid
    return [word for word in WHOLE if word != "call" or not is_cut]


def test_the_hooks_of_a_test_come_together_and_in_order(project, provider):
    """Start, set-up, call, teardown, finish, and nothing of another test between; the dots stand behind their file."""
    _write(project)

    result = project.run_apart("-p", "no:xdist")

    result.assert_outcomes(passed=12, failed=2, skipped=2, errors=2)
    seen = [
        (nodeid, [word for _, word in words])
        for nodeid, words in itertools.groupby(_hooks(project), lambda hook: hook[0])
    ]
    assert 18 == len(seen)
    for nodeid, words in seen:
        assert _expected(nodeid) == words, nodeid
    # The four that wait land in the order in which they ran, the slowest first; so do the trials behind them.
    waiting = [nodeid for nodeid, _ in seen if "waits" in nodeid or "trials" in nodeid]
    assert [
        f"test_{one}.py::{name}" for one in ("one", "two") for name in NAMES if "waits" in name or "trials" in name
    ] == waiting
    letters = {"test_one.py": "", "test_two.py": ""}
    for line in result.outlines:
        name, _, rest = line.partition(" ")
        if name in letters:
            letters[name] += rest.split("[")[0].strip()
    assert ["......EFs"] * 2 == ["".join(sorted(found)) for found in letters.values()]


def test_each_name_is_printed_once(project, provider):
    """With -v, serial."""
    _write(project)

    result = project.run_apart("-v", "-p", "no:xdist", "-rN")

    printed = [line.split()[0] for line in result.outlines if "::" in line and "%]" in line]
    assert sorted(f"test_{one}.py::{name}" for one in ("one", "two") for name in NAMES) == sorted(printed)


def test_under_workers_each_test_is_whole_too(project, provider):
    """The controller sees each phase once and in order; a worker may begin a test while another is parked."""
    _write(project)

    result = project.run_apart("-n2")

    result.assert_outcomes(passed=12, failed=2, skipped=2, errors=2)
    by_test = {}
    for nodeid, word in _hooks(project):
        by_test.setdefault(nodeid, []).append(word)
    assert 18 == len(by_test)
    for nodeid, words in by_test.items():
        assert _expected(nodeid) == words, nodeid

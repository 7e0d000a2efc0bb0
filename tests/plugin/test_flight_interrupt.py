"""Ctrl-C with tests in flight: what has landed is kept, what has not is counted, and the run ends at once with 2."""

import os
import signal
import subprocess
import sys
import time

import pytest

BODY = """
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.fixture(scope="module")
def wide():
    yield
    print("wide is", "down")

@pytest.mark.parametrize("n", range(4))
def test_fast(llm, n):
    assert_score("m", number, output=llm(f"0.{n} fast {n}"), threshold=None)

@pytest.mark.parametrize("n", range(4))
def test_slow(llm, n):
    assert_score("m", number, output=llm(f"0.{n} @120 slow {n}"), threshold=None)
"""
INTERRUPTED = """
import pathlib, time
from pytest_llmeval.calls import engine

def test_interrupts(llm):
    deadline = time.monotonic() + 20
    recordings = pathlib.Path("recordings/test_suite.jsonl")
    while not (recordings.exists() and recordings.read_text().count(" fast ") == 4) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    raise KeyboardInterrupt

def test_after(llm):
    pass
"""


@pytest.fixture
def interrupted(project, provider):
    """Start a run in a group of its own, as a shell does, interrupt it when the slow calls are in flight; read it."""

    def run(*args, signal_number=signal.SIGINT, whom=os.killpg):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=project.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 30
            while sum("slow" in question for question in provider.questions) < 4 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.3)
            whom(process.pid, signal_number)
            out, _ = process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, out

    return run


def _look_at(project, out, n_dropped):
    assert "INTERNALERROR" not in out, out
    assert [f"test_fast[{n}]" for n in range(4)] == [
        result.id.test.split("::")[1] for result in project.session.results if result.trials
    ], out
    assert "interrupted" == project.session.stopped
    assert f"llmeval: {n_dropped} tests had run when the session stopped" in out, out
    assert "exit status 2: the run was interrupted" in out


def test_an_interrupt_in_a_body(project, provider):
    """Those that have finished land, without waiting for the others; the running test is nobody's."""
    project.write("test_suite.py", BODY)
    project.write("test_then.py", INTERRUPTED)

    result = project.run_apart("-p", "no:xdist")

    assert 2 == result.ret
    result.assert_outcomes(passed=4)
    _look_at(project, result.stdout.str(), 4)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_while_waiting_for_the_last_ones(project, interrupted, number):
    """Nobody waits 120 s for the slow ones, and a fixture that they need is torn down."""
    project.write("test_suite.py", BODY.replace("test_slow(llm", "test_slow(llm, wide"))

    status, out = interrupted("-p", "no:xdist", "-s", signal_number=number)

    assert 2 == status, out
    _look_at(project, out, 4)
    assert 1 == out.count("wide is down")


def test_a_signal_while_the_window_is_full(project, interrupted):
    """A test that has not begun is no lost one."""
    project.write("test_suite.py", BODY.replace("range(4)", "range(6)"))

    status, out = interrupted("-p", "no:xdist", "--llmeval-concurrency=4", "-k", "fast or slow")

    assert 2 == status, out
    assert "interrupted" == project.session.stopped
    assert () == project.session.lost


def test_ctrl_c_at_a_terminal_with_workers(project, interrupted):
    """Controller and workers get the signal; the run ends, with what has landed and without hanging."""
    project.write("test_suite.py", BODY)

    status, out = interrupted("-n2")

    assert 2 == status, out
    assert "INTERNALERROR" not in out, out
    assert "interrupted" == project.session.stopped
    results = {result.id.test.split("::")[1] for result in project.session.results if result.trials}
    assert {f"test_fast[{n}]" for n in range(4)} >= results
    assert "exit status 2: the run was interrupted" in out

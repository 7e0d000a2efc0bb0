"""Ctrl-C while cases are drawn again: the scores of their first trials are kept, and the session is marked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.plugin.adaptive_suite import HERE, N_CASES, N_FIRST, break_cases, draw_main, everything, n_trials

IN_A_BODY = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval):
    if IS_BRANCH and llmeval.trial == 3 and llm_case.id == "c3":
        raise KeyboardInterrupt
    assert_score("number", number, output=ask(llm, llm_case))
"""
SLOW = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval):
    assert_score("number", number, output=ask(llm, llm_case, " @120" if is_again(llmeval) else ""))
"""


def _look_at(project, out):
    assert "INTERNALERROR" not in out, out
    session = project.session
    assert "interrupted" == session.stopped, out
    assert () == session.lost, out
    assert dict.fromkeys((f"c{n}" for n in range(N_CASES)), N_FIRST) == n_trials(project), out
    assert {N_FIRST} == {found.n_planned for found in session.results}
    assert (N_CASES * N_FIRST, N_CASES * N_FIRST) == session.coverage
    assert "exit status 2: the run was interrupted" in out
    assert "had run when the session stopped" not in out


def test_an_interrupt_in_a_body(project, provider):
    """One case is being drawn again, another is to be."""
    draw_main(project, provider, IN_A_BODY)
    break_cases(project, "c3", "c7")

    result = project.run_apart(*HERE, "-p", "no:xdist")

    assert 2 == result.ret, everything(result)
    result.assert_outcomes(passed=N_CASES)
    _look_at(project, everything(result))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_while_they_are_waited_for(project, provider, number):
    """Nobody waits 120 s."""
    draw_main(project, provider, SLOW)
    break_cases(project, "c3", "c7")
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", *HERE]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 30
        while sum("@120" in question for question in provider.questions) < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, number)
        out, _ = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    assert 2 == process.returncode, out
    _look_at(project, out)

"""``llmeval gate check``: a suite's own gate is tried, where nothing changed and where something did."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.gather import trust_file
from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.records.trust import Sight

SUITE = """
import os
import pytest
from pytest_llmeval import assert_score

PROMPT = os.environ.get("SUPPORT_PROMPT", "good")
RATES = [1, 1, 0.7, 1, 1, 0.6]

@pytest.mark.llmeval(cases=[{"id": f"c{i}", "input": f"q{i} {rate}"} for i, rate in enumerate(RATES)])
def test_support(llm, llm_case):
    answer = llm(llm_case.input, system=PROMPT)
    assert_score("solved", lambda text: float(text == "yes"), output=answer, threshold=0.2)
"""
BROKEN = "test_support.py::test_support"


class Coin(Loopback):
    """Says yes as often as the question asks for; the prompt "bad" breaks q0, and the model "weak" halves all."""

    def __init__(self) -> None:
        super().__init__(self._toss)
        self._random = random.Random(7)  # noqa: S311 - a coin

    def _toss(self, asked) -> Reply | str:
        system, question = (message["content"] for message in asked["messages"])
        rate = float(question.split()[1]) * (0.5 if asked["model"] == "weak" else 1.0)
        if system == "bad" and question.startswith("q0"):
            rate = 0.0
        if system == "down":
            return Reply("down", status=400)
        return "yes" if self._random.random() < rate else "no"


@pytest.fixture
def suite(project, monkeypatch):
    """A suite of six cases, two of them flaky, whose model is a coin on this machine."""
    monkeypatch.chdir(project.path)
    project.write("test_support.py", SUITE)
    with Coin() as coin:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {coin.url}\n")
        project.coin = coin
        yield project


def check(capfd, *arguments, status=0):
    """Call the command, and return what it and pytest print."""
    capfd.readouterr()
    told = main(["gate", "check", *arguments])
    out, err = capfd.readouterr()
    assert status == told, out + err
    return out + err


def report(suite):
    """The stored report."""
    return trust_file.read(suite.path / ".llmeval")


def test_a_pair_of_runs_and_two_planted_faults(suite, capfd):
    """One run is the baseline and the other the session; the broken case is named, the weaker model seen."""
    told = check(
        capfd,
        *("--trials", "6", "--resamples", "80"),
        *("--fault", "SUPPORT_PROMPT=bad", "--fault", "--llmeval-model=openai/weak"),
    )

    found = report(suite)
    assert (0, 1) == (found.pairs.n_red, found.pairs.n)
    assert (80, True) == (found.resampled.n, found.resampled.low <= 0.05)
    assert (6, 6, (6, 6)) == (found.n_cases, found.n_lines, found.n_trials)
    assert [Sight.FOUND, Sight.FOUND] == [fault.sight for fault in found.faults]
    assert ["c0"] == [id_.case for id_ in found.faults[0].named]
    assert [1, 3, 5, 6] == [one.n_trials for one in found.faults[0].found]
    assert found.faults[0].found[0].rate.share < found.faults[0].found[-1].rate.share == 1.0
    assert "the model is on this machine, so they are free" in told
    assert f"FOUND SUPPORT_PROMPT=bad: named {BROKEN}[c0] solved." in told
    assert "FALSE ALARMS Nothing had changed, and the gate was red in 0 of 1 pair of runs" in told
    assert 4 * 6 * 6 == len(suite.coin.requests)
    shown = check(capfd, "--show")
    assert shown.strip() in told
    assert 4 * 6 * 6 == len(suite.coin.requests)


def test_a_check_leaves_recordings_baseline_and_the_newest_session_alone(suite, capfd):
    """What is accepted, extended or compared next is the user's own."""
    assert 0 == suite.run_apart("--llmeval-trials=3", "--llmeval-baseline-update").ret
    own = suite.session.id
    kept = {
        path: path.read_bytes() for name in ("recordings", "baselines") for path in (suite.path / name).rglob("*.jsonl")
    }

    check(capfd, "--trials", "3", "--resamples", "20", "--fault", "SUPPORT_PROMPT=bad")

    assert len(kept) == 2
    assert kept == {path: path.read_bytes() for path in kept}
    assert own == suite.session.id
    assert own not in report(suite).runs
    assert any(line.startswith("Runs of the baseline: drift cannot be seen (one run)") for line in report(suite).drift)


def test_stored_draws_are_dealt_out_without_a_call(suite, capfd):
    """``--pairs 0``: false alarms and misses by the draws of the baseline; a fault is compared with all of them."""
    assert 0 == suite.run_apart("--llmeval-trials=8", "--llmeval-baseline-update").ret
    n_asked = len(suite.coin.requests)

    told = check(capfd, "--pairs", "0", "--resamples", "40")

    found = report(suite)
    assert n_asked == len(suite.coin.requests)
    assert (None, (), 40, (4, 4)) == (found.pairs, found.runs, found.resampled.n, found.n_trials)
    assert "one check of one case scores 0" in told
    check(capfd, "--pairs", "0", "--resamples", "40", "--trials", "8", "--fault", "SUPPORT_PROMPT=bad")
    assert Sight.FOUND is report(suite).faults[0].sight
    assert n_asked + 6 * 8 == len(suite.coin.requests)


def test_arguments_go_on_to_pytest_and_pairs_are_counted(suite, capfd):
    """In workers, over two pairs; a red pair names what it named."""
    check(capfd, "--pairs", "2", "--trials", "2", "--resamples", "20", "--", "test_support.py", "-n", "2")

    found = report(suite)
    assert (2, 4) == (found.pairs.n, len(set(found.runs)))
    assert ("--llmeval-trials=2", "test_support.py", "-n", "2") == found.arguments
    assert any(line.startswith("Runs of this check: session solved") for line in found.drift)


def test_a_fault_that_breaks_the_run_has_no_verdict_and_is_not_missed(suite, capfd):
    """Its tests fail before there is anything to compare."""
    suite.write("conftest.py", "import os\nassert 'CRASH' not in os.environ or os.environ['CRASH'] != 'import'\n")

    told = check(capfd, "--trials", "2", "--resamples", "20", "--fault", "SUPPORT_PROMPT=down")

    assert Sight.NO_VERDICT is report(suite).faults[0].sight
    assert "NO VERDICT SUPPORT_PROMPT=down" in told
    before = report(suite)
    told = check(capfd, "--trials", "2", "--resamples", "20", "--fault", "CRASH=import", status=4)
    assert "the run with the fault 'CRASH=import' left no session" in told
    assert before == report(suite), "a check that breaks off leaves the last report"


def test_a_run_of_unchanged_code_that_is_partial_is_no_half_of_a_pair(suite, capfd, monkeypatch):
    """An outage is no false alarm."""
    monkeypatch.setenv("SUPPORT_PROMPT", "down")

    told = check(capfd, "--trials", "2", status=4)

    assert "is partial" in told
    assert not (suite.path / ".llmeval" / "gate-check.json").exists()


def test_a_suite_without_thresholds_has_no_gate_to_try(suite, capfd):
    """It says what is missing."""
    suite.write("test_support.py", SUITE.replace("threshold=0.2", "threshold=None"))

    assert "there is nothing to try the gate on" in check(capfd, "--trials", "2", status=4)


def test_ctrl_c_stops_pytest_in_order_and_the_last_report_stays(suite):
    """Not with a traceback, and not by killing a run that could keep what it has."""
    asked = threading.Event()
    with Loopback(lambda _: asked.set() or Reply("yes", latency_s=60)) as slow:
        suite.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {slow.url}\n")
        command = [sys.executable, "-c", "from pytest_llmeval.commands import main; raise SystemExit(main())"]
        running = subprocess.Popen(  # noqa: S603 - ourselves
            [*command, "gate", "check"],
            cwd=suite.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert asked.wait(60)
        os.killpg(running.pid, signal.SIGINT)
        told, _ = running.communicate(timeout=60)

    assert 4 == running.returncode
    assert "the run of the suite left no session" in told
    assert "pytest ended with exit status 2; no report is stored" in told
    assert "Traceback" not in told
    assert not (suite.path / ".llmeval" / "gate-check.json").exists()

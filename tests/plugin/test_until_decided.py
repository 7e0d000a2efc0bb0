"""``llmeval run --until-decided``: rounds with more trials, of which each buys only what is new."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter

import pytest

from pytest_llmeval.loopback import Loopback

SUITE = """
import pytest
from app import VERSION
from pytest_llmeval import assert_score

CASES = [{"id": f"c{n}", "input": f"case {n}"} for n in range(30)]

@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case):
    answer = llm(llm_case.input, system=VERSION)
    assert_score("right", lambda text: text == "right", output=answer)
"""
MAIN = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"
RATES = {"main": 0.9, "worse": 0.6, "same": 0.9}


class Coin(Loopback):
    """Is right as often as its version says; the same at every run of this test, for each question has its own coin."""

    def __init__(self) -> None:
        super().__init__(self._toss)
        self._asked: Counter[str] = Counter()

    def _toss(self, asked):
        version, question = (str(message["content"]) for message in asked["messages"])
        self._asked[version + question] += 1
        toss = hashlib.sha256(f"{version} {question} {self._asked[version + question]}".encode()).digest()
        return "right" if toss[0] / 256 < RATES[version] else "wrong"


@pytest.fixture
def coin(project):
    """A suite of thirty cases with a baseline of ten trials, and the provider that it asks."""
    with Coin() as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        project.write("test_suite.py", SUITE)
        project.write("app.py", "VERSION = 'main'\n")
        project.run_apart("--llmeval-trials=10", "--llmeval-baseline-update")
        server.requests.clear()
        yield server


def _run(project, *args):
    command = [sys.executable, "-c", MAIN, "run", *args]
    return subprocess.run(command, cwd=project.path, env=os.environ, capture_output=True, text=True, check=False)  # noqa: S603


def test_rounds_go_on_until_a_small_drop_is_proven_and_buy_each_trial_once(project, coin):
    """Everything a bit worse: no case can be proven alone, so every case has more trials."""
    project.write("app.py", "VERSION = 'worse'\n")

    done = _run(project, "--until-decided")

    assert 1 == done.returncode, done.stdout + done.stderr
    assert "a regression is proven" in done.stdout
    n_drawn = sum(len(found.trials) for found in project.session.results)
    assert n_drawn == len(coin.requests)


def test_a_round_says_why_it_is_the_last(project, coin):
    """Nothing changed, and nothing looks like it: the first rounds are enough."""
    project.write("app.py", "VERSION = 'same'\n")

    done = _run(project, "--until-decided")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "round 1: " in done.stdout
    assert done.stdout.count("running pytest") == done.stdout.count("\nround ")


def test_without_a_gate_there_is_nothing_to_decide(project, coin):
    """A named error, and no second round."""
    done = _run(project, "--until-decided", "--", "--llmeval-gate=off")

    assert 4 == done.returncode
    assert "llmeval: the gate was off" in done.stderr

"""``--llmeval-budget-usd``: a cap over all workers that is never exceeded; what it does not cover is left undone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from pytest_llmeval.loopback import Reply
from tests.plugin.till import BUDGET, BUDGET_USD, N, Till, run, write

N_BEFORE_KILL = 3

WITH_PID = """
import os
import pytest
from pytest_llmeval import assert_score

async def said(text):
    return 1.0

@pytest.mark.parametrize("number", range(20))
def test_case(llm, number):
    answer = llm(f"question {number} of process {os.getpid()}", max_tokens=10)
    assert_score("said", said, output=answer, threshold=0.5)
"""

JUDGED = """
import pytest
from pytest_llmeval import assert_score

async def graded(output, judge):
    return float(bool((await judge.acall("Grade: " + output, max_tokens=10)).text))

@pytest.mark.parametrize("number", range(10))
def test_case(llm, number):
    assert_score("graded", graded, output=llm(f"question {number}", max_tokens=10))
"""


class Killer(Till):
    """Kills the worker that asks the third question, while its calls are in flight."""

    def __init__(self):
        super().__init__()
        self._has_killed = False

    def _sell(self, asked):
        if len(self.requests) >= N_BEFORE_KILL and not self._has_killed:
            self._has_killed = True
            os.kill(int(asked["messages"][0]["content"].split()[-1]), signal.SIGKILL)
        return super()._sell(asked)


@pytest.fixture
def till(project):
    """A provider that counts what it is owed, and a project of 20 tests that ask it."""
    with Till() as server:
        write(project, server)
        yield server


def test_no_more_than_the_budget_is_spent_and_the_rest_is_named(project, till, sentences, way):
    """However many calls are in flight, in however many workers; exit status 6, since nobody knows the rest."""
    result = run(project, BUDGET, *way)

    told = sentences(result)
    assert 6 == result.ret, told
    assert 0 < till.owed_usd <= BUDGET_USD
    assert 1 < till.peak <= 4
    spend = project.session.spend
    assert till.owed_usd == pytest.approx(spend.spent_usd)
    assert N - len(till.requests) == len(spend.undone) == spend.n_refused > 0
    outcomes = {result.nodeid: result.outcome for result in project.session.results}
    assert {"unscored"} == {outcomes[name] for name in spend.undone}
    assert "failed" not in outcomes.values()
    assert f"exit status 6: no verdict is possible: the budget of $0.05 left {len(spend.undone)} tests undone" in told
    assert f"${till.owed_usd:.4f} of the budget of $0.0500 spent" in told
    assert "to run them: pytest --llmeval-budget-usd=0.05 " in told


def test_the_next_run_buys_the_rest_and_replays_cost_nothing(project, till, way):
    """Until all is there; then a budget of nothing is enough."""
    n_runs = 0
    while run(project, BUDGET, *way).ret == 6:
        n_runs += 1
        assert till.owed_usd <= BUDGET_USD * n_runs
        assert n_runs < N
    assert 0 == run(project, "--llmeval-budget-usd=0", *way).ret
    assert N == len(till.requests)
    assert (0.0, ()) == (project.session.spend.spent_usd, project.session.spend.undone)


def test_what_comes_back_is_waited_for_so_that_one_call_at_a_time_spends_it_all(project, till):
    """A budget hardly above the most that one call may take is spent to its end, not to its first reservation."""
    result = run(project, "--llmeval-budget-usd=0.03")

    assert 6 == result.ret
    left_usd = 0.03 - till.owed_usd
    assert 0 <= left_usd < 0.0108
    assert 4 < len(till.requests)


def test_two_runs_at_once_have_a_budget_each(project, till):
    """On one folder, with different questions; nobody spends the other's."""
    project.write("test_other.py", (project.path / "test_suite.py").read_text().replace("question", "another"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", BUDGET]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    runs = [
        subprocess.Popen([*command, name], cwd=project.path, env=environment)  # noqa: S603
        for name in ("test_suite.py", "test_other.py")
    ]

    assert [6, 6] == [process.wait(60) for process in runs]

    asked = [received.body["messages"][0]["content"].split()[0] for received in till.requests]
    for name in ("question", "another"):
        assert 10 <= asked.count(name) <= 12
    assert till.owed_usd <= 2 * BUDGET_USD


@pytest.mark.parametrize("budget", ["0.06", "1"])
def test_what_a_killed_worker_had_reserved_counts_as_spent(project, sentences, budget):
    """Nobody knows whether it was paid for: it is not lost, holds nobody up, and the summary says so."""
    with Killer() as killer:
        write(project, killer, WITH_PID)

        result = run(project, "-n2", f"--llmeval-budget-usd={budget}")

    told = sentences(result)
    spend = project.session.spend
    assert 6 == result.ret, told
    assert killer.owed_usd <= spend.spent_usd <= float(budget)
    assert 1 <= spend.n_unsure
    assert 0 < spend.unsure_usd < 0.011 * spend.n_unsure
    assert "of which nobody knows what they cost" in told
    assert bool(spend.undone) == (budget == "0.06")


def test_an_attempt_that_was_refused_is_free_and_one_without_a_reply_is_not(project, till):
    """429 and 503 cost nothing; after a reset somebody may have been paid."""
    project.write("test_suite.py", "def test_one(llm):\n    assert llm('question', max_tokens=10).text\n")
    till.answer(Reply("wait", status=429, headers={"Retry-After": "0"}), Reply("no", status=503), "yes it is so")
    assert 0 == run(project, BUDGET).ret
    assert (0.00401, 0.0) == (pytest.approx(project.session.spend.spent_usd), project.session.spend.unsure_usd)

    till.answer(Reply(is_reset=True), "yes it is so")
    assert 0 == run(project, BUDGET, "--llmeval-cache=refresh").ret
    spend = project.session.spend
    assert 1 == spend.n_unsure
    assert 0.010 < spend.unsure_usd < 0.011
    assert spend.spent_usd == pytest.approx(spend.unsure_usd + 0.00401)


def test_the_judge_spends_of_the_same_budget(project, till, way):
    """Its calls that were not made leave their test undone, not failed."""
    write(project, till, JUDGED, more=f"llmeval_judge = openai/m\nllmeval_judge_api_base = {till.url}\n")

    assert 6 == run(project, BUDGET, *way).ret

    assert till.owed_usd <= BUDGET_USD
    spend = project.session.spend
    assert till.owed_usd == pytest.approx(spend.spent_usd)
    assert spend.undone
    assert {"passed", "unscored"} >= {result.outcome for result in project.session.results}


def test_a_session_with_tests_undone_makes_no_baseline(project, till, sentences):
    """What is there is kept, and the next run goes on from it."""
    result = run(project, BUDGET, "--llmeval-baseline-update")

    assert 6 == result.ret
    assert "is partial and makes no baseline" in sentences(result)
    assert not (project.path / "baselines").exists()


def test_without_a_budget_there_is_no_ledger(project, till):
    """Neither the file, nor a word of it."""
    result = run(project)

    assert 0 == result.ret
    assert None is project.session.spend
    assert not (project.path / ".llmeval" / "spend.db").exists()
    assert not (project.path / ".llmeval" / "spenders").exists()
    assert "of the budget" not in result.stdout.str()
    assert N * 0.00402 == pytest.approx(till.owed_usd)


def test_a_ledger_that_is_damaged_stops_the_run_before_the_first_call(project, till):
    """It is named and left as it is, and nothing is spent that nobody can count."""
    project.write(".llmeval/spend.db", "no database" * 1000)

    result = run(project, BUDGET)

    assert 4 == result.ret
    told = result.stderr.str()
    assert "the ledger .llmeval/spend.db cannot be used, and a budget is set" in told
    assert "mv .llmeval/spend.db .llmeval/spend.db.corrupt" in told
    assert [] == till.requests


def test_a_ledger_that_is_lost_while_calls_are_made_is_told_and_never_green(project, till, sentences):
    """No traceback of ours; a call that cannot be counted is not made, and its test fails for it."""
    lose = "    open('.llmeval/spend.db', 'wb').write(b'no database' * 9000)\n"
    first = f"def test_first():\n{lose}\n"
    project.write("test_suite.py", f"{first}def test_case(llm):\n    assert llm('question', max_tokens=10).text\n")

    result = run(project, BUDGET)

    assert 0 != result.ret
    assert "the ledger .llmeval/spend.db cannot be used, and a budget is set" in sentences(result)
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert [] == till.requests

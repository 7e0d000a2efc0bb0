"""Runs of pytest that share one PostgreSQL, on one machine and on two: what one has paid for, the other replays."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from pytest_llmeval.store import holdings
from tests.e2e import database
from tests.e2e.machines import SUITE

pytestmark = pytest.mark.e2e


def asked(provider):
    """How often each question was put to the provider."""
    return Counter(received.body["messages"][-1]["content"] for received in list(provider.requests))


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one-process", "n2"])
def test_what_one_machine_has_paid_for_another_replays(machine, provider, workers):
    """Nothing is asked twice, and no file of answers is left on either."""
    machine("a").passes(*workers)
    b = machine("b")
    b.passes(*workers)
    assert {f"question {n}": 1 for n in range(6)} == asked(provider)
    assert {"replayed"} == {call.provenance for result in b.session.results for t in result.trials for call in t.calls}
    assert [] == list(b.folder.glob(".llmeval/*.db"))


def test_two_machines_at_once_ask_each_question_once(machine, provider):
    """One asks, the other waits for what it stores (FAULTS 8)."""
    runs = [machine(name).start() for name in "ab"]
    assert [0, 0] == [run.wait(timeout=120) for run in runs]
    assert {f"question {n}": 1 for n in range(6)} == asked(provider)
    for run in runs:
        run.stdout.close()


def test_a_machine_that_is_killed_leaves_nothing_that_others_wait_for(machine, provider):
    """What it was asking, the other asks; what it had stored, the other replays."""
    killed = machine("a").start("-k", "0 or 1", LLMEVAL_CONCURRENCY="1")
    while not asked(provider)["question 1"]:
        assert killed.poll() is None, killed.stdout.read()
    killed.kill()
    killed.communicate()
    machine("b").passes()
    assert 1 == asked(provider)["question 0"]
    assert set(asked(provider)) == {f"question {n}" for n in range(6)}


@pytest.fixture
def own_server(tmp_path):
    """A server of this test's own, to be stopped."""
    folder = tmp_path / "server"
    folder.mkdir()
    with database.running(folder) as server:
        yield server


STOPPING = """
import os, subprocess, time
import pytest

@pytest.fixture(autouse=True)
def stop(request):
    if request.node.name == "test_case[3]":
        open("stop", "w").close()
        while not os.path.exists("stopped"):
            time.sleep(0.05)
"""


def test_a_server_that_is_stopped_changes_no_verdict_and_loses_no_answer(machine, provider, own_server):
    """What was paid for is kept here, which is said; the next run that reaches the server sends it (FAULTS 20)."""
    a = machine("a", own_server.url("postgres"))
    (a.folder / "conftest.py").write_text(STOPPING)
    process = a.start("-vv", LLMEVAL_EAGER="true")
    while not (a.folder / "stop").exists():
        assert process.poll() is None, process.stdout.read()
    own_server.stop()
    (a.folder / "stopped").touch()
    said = process.communicate(timeout=60)[0]
    assert 0 == process.returncode, said
    text = " ".join(said.split())
    assert f"the store {own_server.shown} does not answer" in text
    assert "new answers are kept in .llmeval/unsent.db" in text
    assert "was not written; the session is safe in" in text
    assert 3 == len(holdings.of_working_cache(a.folder / ".llmeval" / "unsent.db").stored)

    own_server.start()
    said = " ".join(a.passes().split())
    assert "3 answers of an earlier run sent to the store" in said
    assert [] == list(a.folder.glob(".llmeval/unsent*"))
    machine("b", own_server.url("postgres")).passes("--llmeval-cache=replay")
    assert {f"question {n}": 1 for n in range(6)} == asked(provider)


def test_a_server_that_hangs_costs_some_seconds_and_no_verdict(machine, provider, postgres_server, store):
    """It takes the connection, and says no word any more."""
    machine("first", store).passes()
    wire = database.Wire(postgres_server.port)
    try:
        a = machine("a", store.replace(f":{postgres_server.port}/", f":{wire.port}/"))
        (a.folder / "conftest.py").write_text(STOPPING)
        process = a.start(LLMEVAL_EAGER="true")
        while not (a.folder / "stop").exists():
            assert process.poll() is None, process.stdout.read()
        wire.is_hanging = True
        began_s = time.monotonic()
        (a.folder / "stopped").touch()
        said = process.communicate(timeout=60)[0]
        assert 0 == process.returncode, said
        assert time.monotonic() - began_s < 20
        assert "no answer within 5 s" in " ".join(said.split())
    finally:
        wire.close()


def test_replay_does_not_take_a_server_that_is_away_for_a_miss(machine, own_server):
    """Nobody can say that the answer is not stored; the error says so, and no command to record it."""
    own_server.stop()
    status, said = machine("a", own_server.url("postgres")).run("--llmeval-cache=replay")
    assert 0 != status
    assert "does not answer" in said
    assert "to record it" not in said


@pytest.mark.parametrize("wrong", ["password", "database", "no password"])
def test_who_is_not_let_in_is_told_in_three_lines_before_the_first_call(machine, provider, store, wrong):
    """Exit status 4, and no password in what is said."""
    url = {
        "password": store.replace(database.PASSWORD, "wrong-canary-77"),
        "database": store.rpartition("/")[0] + "/nowhere",
        "no password": store.replace(f":{database.PASSWORD}", ""),
    }[wrong]
    status, said = machine("a", url).run(PGPASSWORD="", PGPASSFILE="/nowhere")
    assert 4 == status, said
    lines = said.strip().splitlines()[-3:]
    assert "cannot be entered" in lines[0]
    assert "PGPASSWORD" in lines[2]
    assert "canary" not in said
    assert not provider.requests


def test_a_budget_is_shared_by_the_machines_of_one_run_of_ci(machine, provider):
    """Each call may take 30 millionths of a dollar or so; together they never spend more than there is."""
    run = {"LLMEVAL_RUN_ID": "run 1", "LLMEVAL_CONCURRENCY": "1"}
    one = machine("a")
    one.passes("--llmeval-budget-usd=1", "-k", "0", **run)
    budget = f"--llmeval-budget-usd={one.session.spend.spent_usd * 4.5 + 0.0001:.9f}"
    machines = [machine(name) for name in "bc"]
    for number, each in enumerate(machines):
        each.folder.joinpath("test_suite.py").write_text(SUITE.replace("question", f"machine {number}"))
    processes = [each.start(budget, **run) for each in machines]
    said = [process.communicate(timeout=120)[0] for process in processes]
    spent = [each.session.spend for each in machines]
    assert all(spend.spent_usd <= spend.budget_usd for spend in spent), said
    assert sum(spend.n_refused for spend in spent), said
    assert max(spend.spent_usd for spend in spent) > one.session.spend.spent_usd

    other = machine("d")
    other.passes("--llmeval-budget-usd=1", LLMEVAL_RUN_ID="run 2")
    assert 0 == other.session.spend.n_refused


def test_nothing_is_bought_that_the_shared_budget_cannot_count(machine, provider, own_server):
    """The server stops in mid-run: what would have been asked then is unscored, and the exit status says so."""
    a = machine("a", own_server.url("postgres"))
    (a.folder / "conftest.py").write_text(STOPPING)
    process = a.start("--llmeval-budget-usd=1", LLMEVAL_EAGER="true")
    while not (a.folder / "stop").exists():
        assert process.poll() is None, process.stdout.read()
    own_server.stop()
    (a.folder / "stopped").touch()
    said = process.communicate(timeout=60)[0]
    assert 6 == process.returncode, said
    assert {f"question {n}": 1 for n in range(3)} == asked(provider)
    assert "Traceback" not in said


def test_workers_are_told_what_their_controller_is(machine, provider, store):
    """A wrong password under xdist: exit status 4, before any worker has asked."""
    status, said = machine("a", store.replace(database.PASSWORD, "wrong-canary-77")).run("-n2", PGPASSWORD="")
    assert (4, False) == (status, "canary" in said)
    assert "cannot be entered" in said
    assert not provider.requests


def test_a_budget_that_cannot_be_read_at_the_end_changes_no_status(machine, own_server):
    """All was asked and scored before the server stopped, and counted there."""
    a = machine("a", own_server.url("postgres"))
    (a.folder / "conftest.py").write_text(STOPPING.replace("def stop(request):", "def stop(request):\n    yield"))
    (a.folder / "test_suite.py").write_text(SUITE.replace("range(6)", "range(4)"))
    process = a.start("--llmeval-budget-usd=1", LLMEVAL_EAGER="true")
    while not (a.folder / "stop").exists():
        assert process.poll() is None, process.stdout.read()
    own_server.stop()
    (a.folder / "stopped").touch()
    said = process.communicate(timeout=60)[0]
    assert 0 == process.returncode, said
    assert "cannot be used, and a budget is set" in said

"""The ledger: atomic over threads and processes, whole after a kill, and its owner's only."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.store.spend import Balance, SpendLedger

LIMIT = 1000

RESERVING = """
import os, sys
from pathlib import Path
from pytest_llmeval.store.spend import SpendLedger

ledger = SpendLedger(Path(sys.argv[1]), sys.argv[2])
numbers = [ledger.reserve(10, 1000).number for _ in range(int(sys.argv[3]))]
print(sum(number is not None for number in numbers), flush=True)
if sys.argv[4] == "settles":
    for number in numbers:
        if number is not None:
            ledger.settle(number, 10, is_sure=True)
elif sys.argv[4] == "lives":
    sys.stdin.read()
os._exit(0)
"""


@pytest.fixture
def path(tmp_path):
    """Where the ledger is."""
    return tmp_path / ".llmeval" / "spend.db"


@pytest.fixture
def ledger(path):
    """An account."""
    made = SpendLedger(path, "a")
    yield made
    made.close()


def start(path, n, end, account="a"):
    """Start a process that reserves n times 10 of 1000."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", RESERVING, str(path), account, str(n), end],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_is_spent_and_held_stays_within_the_limit(ledger):
    """To the last nano-dollar; what comes back can be reserved again."""
    first = ledger.reserve(600, LIMIT)
    second = ledger.reserve(400, LIMIT)
    assert (None, 0, 1000) == ledger.reserve(1, LIMIT)

    ledger.settle(first.number, 100, is_sure=True)
    ledger.settle(second.number, 400, is_sure=False)
    assert (None, 500, 0) == ledger.reserve(501, LIMIT)
    assert ledger.reserve(500, LIMIT).number
    ledger.refuse()

    assert Balance(spent=500, unsure=400, n_unsure=1, held=500, n_held=1, n_refused=1) == ledger.balance()


def test_a_reservation_is_settled_once(ledger):
    """And its number is nobody else's later."""
    number = ledger.reserve(10, LIMIT).number
    ledger.settle(number, 5, is_sure=True)
    ledger.settle(number, 5, is_sure=True)
    assert 5 == ledger.balance().spent
    assert number != ledger.reserve(10, LIMIT).number


def test_accounts_do_not_mix(ledger, path):
    """Two sessions on one folder."""
    other = SpendLedger(path, "b")
    ledger.reserve(1000, LIMIT)
    assert other.reserve(1000, LIMIT).number
    assert (1000, 1000) == (ledger.balance().held, other.balance().held)
    other.close()


def test_threads_of_one_process_never_reserve_too_much(ledger):
    """Forty at once."""
    with ThreadPoolExecutor(8) as pool:
        reserved = list(pool.map(lambda _: ledger.reserve(30, LIMIT).number, range(40)))
    assert 33 == len({number for number in reserved if number is not None})


def test_processes_never_reserve_too_much(path):
    """Three, each of which would take nearly all of it; none is told that the ledger is locked."""
    processes = [start(path, 70, "settles") for _ in range(3)]
    taken = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert 100 == sum(taken)
    assert 1000 == SpendLedger(path, "a").balance().spent


def test_what_a_dead_process_had_reserved_counts_as_spent(ledger, path):
    """At once, when somebody else asks; of one that lives it is held."""
    living = start(path, 30, "lives")
    assert "30" == living.stdout.readline().strip()
    assert "70" == start(path, 80, "dies").communicate(timeout=60)[0].strip()

    assert (None, 700, 300) == ledger.reserve(1, LIMIT)
    assert Balance(spent=700, unsure=700, n_unsure=70, held=300, n_held=30) == ledger.balance()
    living.kill()
    living.communicate()
    assert (None, 1000, 0) == ledger.reserve(1, LIMIT)


def test_two_ledgers_of_one_process_do_not_take_each_other_for_dead(ledger, path):
    """Engine and summary each open one."""
    number = ledger.reserve(10, LIMIT).number
    assert (0, 10) == SpendLedger(path, "a").balance()[::3][:2]
    ledger.settle(number, 3, is_sure=True)
    assert (3, 0) == (ledger.balance().spent, ledger.balance().held)


def test_a_fork_is_a_process_of_its_own(ledger):
    """Its parent's connection is not used, and what it leaves counts as spent."""
    ledger.reserve(10, LIMIT)
    child = os.fork()
    if child == 0:
        ledger.reserve(20, LIMIT)
        os._exit(0)
    os.waitpid(child, 0)
    assert (20, 10) == (ledger.balance().spent, ledger.balance().held)


def test_the_file_is_its_owners_only_and_accounts_of_last_month_are_forgotten(ledger, path):
    """As everything in that folder."""
    ledger.reserve(10, LIMIT)
    for file in path.parent.iterdir():
        assert file.name == ".gitignore" or 0o600 == stat.S_IMODE(file.stat().st_mode)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE accounts SET begun_at = '2020-01-01T00:00:00+00:00'")

    SpendLedger(path, "b").check()

    with sqlite3.connect(path) as connection:
        assert [("b",)] == connection.execute("SELECT name FROM accounts").fetchall()
        assert [] == connection.execute("SELECT * FROM reservations").fetchall()


@pytest.mark.parametrize("kind", ["damaged", "another program's", "newer"])
def test_a_file_that_cannot_be_used_is_named_and_left_alone(path, kind):
    """Nothing is spent that nobody can count."""
    path.parent.mkdir()
    if kind == "damaged":
        path.write_bytes(b"no database" * 1000)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE t (x)")
            if kind == "newer":
                connection.execute(f"PRAGMA application_id = {0x6C6C6D73}")
                connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    with pytest.raises(SchemaTooNew if kind == "newer" else StoreError, match=r"spend\.db"):
        SpendLedger(path, "a").check()

    assert before == path.read_bytes()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """Before the first call."""
    (tmp_path / ".llmeval").write_text("")
    with pytest.raises(StoreError, match=r"the ledger .*spend\.db cannot be used, and a budget is set"):
        SpendLedger(tmp_path / ".llmeval" / "spend.db", "a").check()

"""The file of the ledger: whose it is, what is forgotten, what cannot be used; what is counted: test_store_contract."""

from __future__ import annotations

import sqlite3
import stat

import pytest

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.store.spend import SpendLedger


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


def test_the_file_is_its_owners_only_and_accounts_of_last_month_are_forgotten(ledger, path):
    """As everything in that folder."""
    ledger.reserve(10, 1000)
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

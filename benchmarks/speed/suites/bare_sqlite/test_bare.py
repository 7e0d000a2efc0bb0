# ruff: noqa: S101 - a suite
"""Trivial tests with two raw look-ups in SQLite each: what no replaying plug-in can be cheaper than."""

import os
import sqlite3
from pathlib import Path

import pytest

N_TESTS = int(os.environ["BENCH_TESTS"])
CACHE = Path(__file__).with_name("cache.db")


@pytest.fixture(scope="session")
def cache() -> sqlite3.Connection:
    """A file with two rows of 2 KB a test, made by the first run."""
    is_new = not CACHE.exists()
    connection = sqlite3.connect(CACHE)
    if is_new:
        connection.execute("CREATE TABLE responses (key TEXT PRIMARY KEY, body TEXT)")
        rows = ((f"{i:064x}", "x" * 2000) for i in range(2 * N_TESTS))
        connection.executemany("INSERT INTO responses VALUES (?, ?)", rows)
        connection.commit()
    return connection


@pytest.mark.parametrize("i", range(N_TESTS))
def test_bare(cache: sqlite3.Connection, i: int) -> None:
    """Passes."""
    for key in (2 * i, 2 * i + 1):
        cache.execute("SELECT body FROM responses WHERE key = ?", (f"{key:064x}",)).fetchone()
    assert True

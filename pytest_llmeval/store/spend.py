"""The ledger of what sessions spend: ``.llmeval/spend.db``, one account a session, shared by all of its processes.

A file of its own: the working cache may be set aside or deleted while money is being spent, and some modes have none.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.budget import Reserved
from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.store.claims import Claims
from pytest_llmeval.store.folder import locked, make_private
from pytest_llmeval.store.record import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Execute = Callable[..., sqlite3.Cursor]

APPLICATION_ID = 0x6C6C6D73  # "llms"
_SCHEMA = 1
_LOCK_WAIT_S = 30.0
KEPT_DAYS = 30  # then an account is of no use to anybody
_OWNER_BYTES = 32

# Of the process: one, however many ledgers it opens, since its locks are its own in all of them.
_NAMES: dict[int, str] = {}

_TABLES = (
    """CREATE TABLE accounts (
           name TEXT NOT NULL PRIMARY KEY,
           begun_at TEXT NOT NULL,
           spent INTEGER NOT NULL DEFAULT 0,     -- nano-dollars, as all amounts
           unsure INTEGER NOT NULL DEFAULT 0,    -- of it for calls of which nobody knows what they cost
           n_unsure INTEGER NOT NULL DEFAULT 0,
           n_refused INTEGER NOT NULL DEFAULT 0  -- calls that were not made
       )""",
    """CREATE TABLE reservations (
           number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
           account TEXT NOT NULL,
           owner TEXT NOT NULL,                       -- of a process; its claim ends when it dies
           amount INTEGER NOT NULL
       )""",
)


class Balance(NamedTuple):
    """An account as it stands; amounts in nano-dollars.

    Args:
        spent: what is settled, ``unsure`` included.
        unsure: what was reserved for calls of which nobody knows what they cost, if anything.
        n_unsure: those calls.
        held: what is reserved now.
        n_held: for so many calls.
        n_refused: calls that were not made.
    """

    spent: int = 0
    unsure: int = 0
    n_unsure: int = 0
    held: int = 0
    n_held: int = 0
    n_refused: int = 0


class SpendLedger:
    """The account of one session. Safe to share between threads, whole after a fork.

    A reservation whose process died before it was settled counts as spent: the call may have been paid for. Which
    processes live, the kernel says: each holds a lock, which ends with it (``Claims``).

    Args:
        path: such as ``.llmeval/spend.db``; made at the first use.
        account: name of the session's account.
    """

    def __init__(self, path: Path, account: str) -> None:
        self._path = path
        self._account = account
        self._claims = Claims(path.with_name("spenders"))
        self._lock = threading.Lock()
        # A parent's stays in here after a fork, untouched: SQLite's connections must not cross one.
        self._opened: dict[int, tuple[sqlite3.Connection, str]] = {}

    def reserve(self, amount: int, limit: int) -> Reserved:
        """See ``calls.budget.Ledger``."""
        reserved = self._reserve(amount, limit)
        if reserved.number is None and reserved.held and self._write_off_dead():
            reserved = self._reserve(amount, limit)
        return reserved

    def settle(self, number: int, amount: int, *, is_sure: bool) -> None:
        """See ``calls.budget.Ledger``; nothing happens where the reservation is not there any more."""
        with self._transaction() as (execute, _):
            if execute("DELETE FROM reservations WHERE number = ?", (number,)).rowcount:
                self._add(execute, amount, 0 if is_sure else amount, 0 if is_sure else 1)

    def refuse(self) -> None:
        """See ``calls.budget.Ledger``."""
        with self._transaction() as (execute, _):
            execute("UPDATE accounts SET n_refused = n_refused + 1 WHERE name = ?", (self._account,))

    def balance(self) -> Balance:
        """Return the account as it stands, with what dead processes had reserved as spent."""
        self._write_off_dead()
        with self._transaction() as (execute, _):
            spent, unsure, n_unsure, n_refused = execute(
                "SELECT spent, unsure, n_unsure, n_refused FROM accounts WHERE name = ?", (self._account,)
            ).fetchone()
            (n_held,) = execute("SELECT count(*) FROM reservations WHERE account = ?", (self._account,)).fetchone()
            return Balance(spent, unsure, n_unsure, self._held(execute), n_held, n_refused)

    def check(self) -> None:
        """Open the account, and forget accounts that are long over.

        Raises:
            SchemaTooNew: a newer version wrote the file.
            StoreError: it cannot be read or written.
        """
        old = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
        with self._transaction() as (execute, _):
            execute("DELETE FROM reservations WHERE account IN (SELECT name FROM accounts WHERE begun_at < ?)", (old,))
            execute("DELETE FROM accounts WHERE begun_at < ?", (old,))

    def close(self) -> None:
        """Close this process's connection."""
        with self._lock:
            opened = self._opened.pop(os.getpid(), None)
            if opened is not None:
                opened[0].close()

    def _reserve(self, amount: int, limit: int) -> Reserved:
        with self._transaction() as (execute, owner):
            (spent,) = execute("SELECT spent FROM accounts WHERE name = ?", (self._account,)).fetchone()
            held = self._held(execute)
            if spent + held + amount > limit:
                return Reserved(None, spent, held)
            row = (self._account, owner, amount)
            done = execute("INSERT INTO reservations (account, owner, amount) VALUES (?, ?, ?)", row)
            return Reserved(done.lastrowid, spent, held)

    def _held(self, execute: Execute) -> int:
        found = execute("SELECT coalesce(sum(amount), 0) FROM reservations WHERE account = ?", (self._account,))
        (held,) = found.fetchone()
        return int(held)

    def _add(self, execute: Execute, amount: int, unsure: int, n_unsure: int) -> None:
        execute(
            "UPDATE accounts SET spent = spent + ?, unsure = unsure + ?, n_unsure = n_unsure + ? WHERE name = ?",
            (amount, unsure, n_unsure, self._account),
        )

    def _write_off_dead(self) -> bool:
        """Count as spent what dead processes had reserved; whether there was any."""
        with self._transaction() as (execute, me):
            rows = execute(
                "SELECT owner, sum(amount), count(*) FROM reservations WHERE account = ? AND owner != ? GROUP BY owner",
                (self._account, me),
            ).fetchall()
            dead = [row for row in rows if self._is_dead(row[0])]
            for owner, amount, n_calls in dead:
                execute("DELETE FROM reservations WHERE account = ? AND owner = ?", (self._account, owner))
                self._add(execute, amount, amount, n_calls)
        return bool(dead)

    def _is_dead(self, owner: str) -> bool:
        if not self._claims.take(owner):
            return False
        self._claims.give_back(owner)
        return True

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Execute, str]]:
        """Yield what runs statements, and this process's name: all of them are committed, or none."""
        with self._lock:
            try:
                connection, owner = self._connection()
                connection.execute("BEGIN IMMEDIATE")  # a read first, and then a write, would fail in WAL (FIELD)
                try:
                    connection.execute(
                        "INSERT OR IGNORE INTO accounts (name, begun_at) VALUES (?, ?)",
                        (self._account, datetime.now(UTC).isoformat(timespec="seconds")),
                    )
                    yield connection.execute, owner
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:  # a full disk may have ended it
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                raise self._failure(error) from error

    def _connection(self) -> tuple[sqlite3.Connection, str]:
        opened = self._opened.get(os.getpid())
        if opened is None:
            make_private(self._path.parent)
            owner = _name_of_process()
            self._claims.take(owner)
            with locked(self._path.parent):
                opened = self._opened[os.getpid()] = self._connect(), owner
        return opened

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():
            self._path.touch(mode=0o600)
        # Not checked by thread: the lock lets one thread in at a time.
        connection = sqlite3.connect(self._path, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            self._bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (schema,) = connection.execute("PRAGMA schema_version").fetchone()
        if schema and application_id != APPLICATION_ID:
            raise sqlite3.DatabaseError("a database of another program")
        if version > _SCHEMA:
            raise SchemaTooNew(
                f"{shown(self._path)} was written by a newer pytest-llmeval",
                found=f"its schema is {version}, this version knows {_SCHEMA}; it was left untouched",
                hint="pip install --upgrade pytest-llmeval",
            )
        connection.execute("PRAGMA synchronous = NORMAL")  # with WAL: whole after any kill
        if version == _SCHEMA:
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
        connection.execute("COMMIT")

    def _failure(self, error: Exception) -> StoreError:
        path = shown(self._path)
        return StoreError(
            f"the ledger {path} cannot be used, and a budget is set",
            found=str(error),
            hint=f"see that it can be written; one that is damaged: mv {path} {path}.corrupt",
        )


def _name_of_process() -> str:
    """Return what this process is called in its claims; a child of a fork is another one."""
    return _NAMES.setdefault(os.getpid(), secrets.token_hex(_OWNER_BYTES))

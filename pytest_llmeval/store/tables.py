"""The tables of the working cache: their schema, how an older file is brought to it, and the statements."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING

from pytest_llmeval.errors import SchemaTooNew
from pytest_llmeval.store.deflate import deflated
from pytest_llmeval.store.record import from_line
from pytest_llmeval.store.rows import head, to_request, to_row

if TYPE_CHECKING:
    from pytest_llmeval.records import Request, Response
    from pytest_llmeval.store.rows import Row

APPLICATION_ID = 0x6C6C6D65  # "llme": tells our file from another program's
_PAGE_BYTES = 8192  # holds seven answers of 2 KB; a page of 4096 holds three, and wastes a quarter
_DIGEST_BYTES = 16
_N_KNOWN_SETUPS = 200  # then they are forgotten, and looked up again

# Rotten text is no error of SQLite's if it is taken as bytes: its row is a miss then, like every other damage.
_LOOK = "SELECT CAST(recorded_at AS BLOB), CAST(body AS BLOB) FROM responses WHERE head = ?"
_STORE = """
    INSERT INTO responses (head, recorded_at, setup, body) VALUES (?, ?, ?, ?) ON CONFLICT (head) DO UPDATE
    SET recorded_at = excluded.recorded_at, setup = excluded.setup, body = excluded.body
    WHERE excluded.recorded_at >= responses.recorded_at
"""
_STORE_SETUP = "INSERT OR IGNORE INTO setups (digest, body) VALUES (?, ?)"
_FIND_SETUP = "SELECT id FROM setups WHERE digest = ?"
_NEWEST = """
    SELECT CAST(recorded_at AS BLOB), CAST(responses.body AS BLOB), CAST(setups.body AS BLOB)
    FROM responses JOIN setups ON setups.id = responses.setup ORDER BY n DESC LIMIT ?
"""


class Tables:
    """The tables through one connection, of one thread.

    Every statement commits by itself. An INSERT takes the write lock before it reads, so it waits for its turn; a
    transaction that reads first and then writes would fail in WAL (FIELD).

    Args:
        connection: in autocommit.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._execute = connection.cursor().execute
        self._setups: dict[str, int] = {}  # ids of those that this connection has met

    def look(self, key: str) -> tuple[bytes, bytes] | None:
        """Return when the row of a key was recorded, and its body; or those of a key that begins like it."""
        row: tuple[bytes, bytes] | None = self._execute(_LOOK, (head(key),)).fetchone()
        return row

    def store(self, key: str, row: Row, setup: str) -> None:
        """Store a row in place of an older one of its key, its setup before it."""
        setup_id = self._setups.get(setup) or self._setup_id(setup)
        self._execute(_STORE, (head(key), row.recorded_at, setup_id, row.body))

    def _setup_id(self, setup: str) -> int:
        digest = hashlib.sha256(setup.encode("ascii")).digest()[:_DIGEST_BYTES]
        self._execute(_STORE_SETUP, (digest, deflated(setup.encode("ascii"))))
        (setup_id,) = self._execute(_FIND_SETUP, (digest,)).fetchone()
        if len(self._setups) >= _N_KNOWN_SETUPS:
            self._setups.clear()
        self._setups[setup] = setup_id
        return int(setup_id)

    def newest(self, n: int) -> list[Request]:
        """Return the requests of the newest rows that are whole, at most n."""
        stored = (to_request(*row) for row in self._execute(_NEWEST, (n,)))
        return [request for request in stored if request is not None]

    def bring_up_to_date(self, name: str) -> int:
        """Migrate an older schema or an empty file in one transaction: all of it, or nothing.

        Args:
            name: the file's, for an error.

        Returns:
            how many rows were damaged, and are left behind.

        Raises:
            SchemaTooNew: a newer version wrote it.
            sqlite3.DatabaseError: another program wrote it.
        """
        version, application_id = self.number("user_version"), self.number("application_id")
        if application_id != APPLICATION_ID and self.number("schema_version"):
            raise sqlite3.DatabaseError("a database of another program")
        if version > len(MIGRATIONS):
            raise SchemaTooNew(
                f"{name} was written by a newer pytest-llmeval",
                found=f"its schema is {version}, this version knows {len(MIGRATIONS)}; it was left untouched",
                hint="pip install --upgrade pytest-llmeval",
            )
        return self._migrate(version) if version < len(MIGRATIONS) else 0

    def number(self, pragma: str) -> int:
        """Return the value of a pragma that is a number."""
        (value,) = self._execute(f"PRAGMA {pragma}").fetchone()
        return int(value)

    def _migrate(self, version: int) -> int:
        self._execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file; an older one keeps its own
        self._execute("PRAGMA journal_mode = WAL")
        self._execute("BEGIN IMMEDIATE")
        try:
            n_damaged = sum(migrate(self) for migrate in MIGRATIONS[version:])
            self._execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        except BaseException:
            self._execute("ROLLBACK")
            raise
        self._execute("COMMIT")
        return n_damaged


def _to_1(tables: Tables) -> int:
    tables.connection.execute(
        """CREATE TABLE responses (
               key TEXT NOT NULL PRIMARY KEY,
               recorded_at TEXT NOT NULL,
               body TEXT NOT NULL,    -- the line of store/record.py
               digest TEXT NOT NULL   -- SHA-256 of body
           )"""
    )
    return 0


def _to_2(tables: Tables) -> int:
    execute = tables.connection.execute
    execute("ALTER TABLE responses RENAME TO lines")
    execute(
        """CREATE TABLE responses (
               n INTEGER PRIMARY KEY,          -- in the order in which they came: a full page is not touched again
               head INTEGER NOT NULL UNIQUE,   -- 63 bits of the key: 25 bytes a row in the index, and not 60
               recorded_at TEXT NOT NULL,
               setup INTEGER NOT NULL,         -- setups.id
               body BLOB NOT NULL              -- of store/rows.py
           )"""
    )
    execute(
        """CREATE TABLE setups (
               id INTEGER PRIMARY KEY,
               digest BLOB NOT NULL UNIQUE,    -- 128 bits of SHA-256 of the JSON
               body BLOB NOT NULL              -- the JSON, deflated
           )"""
    )
    n_damaged = 0
    for line, digest in execute("SELECT body, digest FROM lines ORDER BY rowid"):
        response = _from_sound_line(line, digest)
        if response is None:
            n_damaged += 1
        else:
            tables.store(response.key, *to_row(response))
    execute("DROP TABLE lines")
    return n_damaged


def _from_sound_line(line: str, digest: str) -> Response | None:
    try:
        return from_line(line) if hashlib.sha256(line.encode("ascii")).hexdigest() == digest else None
    except ValueError:
        return None


# Each brings the schema from its index to the next; PRAGMA user_version counts those that were run. Only append.
MIGRATIONS = (_to_1, _to_2)

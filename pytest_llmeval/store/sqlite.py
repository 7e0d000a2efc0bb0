"""The working cache: ``.llmeval/llmeval.db``, shared by all workers and sessions of a checkout.

Raw sqlite3, because importing sqlite-utils takes longer than a replayed session; commands may open the same file
with it. Every write is a transaction that takes the write lock first: a deferred one fails in WAL (FIELD).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_llmeval.calls.key import nearest
from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.store.record import from_line, shown, to_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmeval.records import Request, Response

# Each brings the schema from its index to the next; PRAGMA user_version counts those that were run. Only append.
MIGRATIONS = (
    """CREATE TABLE responses (
           key TEXT NOT NULL PRIMARY KEY,
           recorded_at TEXT NOT NULL,
           body TEXT NOT NULL,    -- the line of store/record.py
           digest TEXT NOT NULL   -- SHA-256 of body
       )""",
)
APPLICATION_ID = 0x6C6C6D65  # "llme": tells our file from another program's
_LOCK_WAIT_S = 30.0
_N_SEARCHED = 200  # newest rows that a miss is compared with
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PRIMARY_CODE = 0xFF  # SQLite keeps the kind of an error in the low byte of its code

T = TypeVar("T")


class SqliteCache:
    """A cache in one SQLite file; made at the first write, so that replay leaves nothing behind.

    Every thread of every process has a connection of its own: SQLite's must not cross a fork.

    Args:
        path: such as ``.llmeval/llmeval.db``; its folder is made for the owner only, and ignored by git.
        on_set_aside: where given, a file that cannot be read is renamed, this is told so in three lines, and a new
            file is begun; otherwise such a file is an error.

    Attributes:
        n_damaged: rows whose body did not fit their digest; each was a miss.
    """

    def __init__(self, path: Path, *, on_set_aside: Callable[[str], None] | None = None) -> None:
        self.n_damaged = 0
        self._path = path
        self._on_set_aside = on_set_aside
        # A parent's connections stay in here after a fork, untouched: closing one in the child could harm the file.
        self._connections: dict[tuple[int, int], sqlite3.Connection] = {}

    def get(self, key: str) -> Response | None:
        """Return the stored response of a key; a row that does not fit its digest is none."""
        if not self._path.exists():
            return None
        select = "SELECT body, digest FROM responses WHERE key = ?"
        row = self._run(lambda connection: connection.execute(select, (key,)).fetchone())
        return None if row is None else self._read(*row)

    def put(self, response: Response) -> None:
        """Store a response in place of an older one of its key; committed when this returns."""
        body = to_line(response)
        row = (response.key, response.recorded_at, body, _digest(body))

        def insert(connection: sqlite3.Connection) -> None:
            with _transaction(connection):
                connection.execute(
                    "INSERT INTO responses (key, recorded_at, body, digest) VALUES (?, ?, ?, ?) ON CONFLICT (key)"
                    " DO UPDATE SET recorded_at = excluded.recorded_at, body = excluded.body, digest = excluded.digest"
                    " WHERE excluded.recorded_at >= responses.recorded_at",
                    row,
                )

        self._run(insert)

    def nearest(self, request: Request) -> Request | None:
        """Return the request that differs least, among the newest rows."""
        if not self._path.exists():
            return None
        select = "SELECT body, digest FROM responses ORDER BY rowid DESC LIMIT ?"
        rows = self._run(lambda connection: connection.execute(select, (_N_SEARCHED,)).fetchall())
        stored = (self._read(*row) for row in rows)
        return nearest(request, [response.request for response in stored if response is not None])

    def describe(self) -> str:
        """Name the file; its rows are not counted, since that would read all of it."""
        return shown(self._path)

    def check(self) -> None:
        """Open the file now, if there is one.

        Raises:
            SchemaTooNew: a newer version wrote it.
            StoreError: it cannot be read, and is not set aside.
        """
        if self._path.exists():
            self._run(lambda connection: connection.execute("SELECT count(*) FROM sqlite_schema").fetchone())

    def close(self) -> None:
        """Close this process's connections; a later call opens new ones."""
        for process, thread in list(self._connections):
            if process == os.getpid():
                self._connections.pop((process, thread)).close()

    def _read(self, body: str, digest: str) -> Response | None:
        if _digest(body) == digest:
            with suppress(ValueError):
                return from_line(body)
        self.n_damaged += 1
        return None

    def _run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Do one thing with this thread's connection; once more on a new file if the old one had to be set aside."""
        try:
            try:
                return operation(self._connection())
            except sqlite3.DatabaseError as error:
                if self._on_set_aside is None or not _is_damage(error):
                    raise
                self._drop_connection()
                self._set_aside(error, self._on_set_aside)
                return operation(self._connection())
        except (sqlite3.Error, OSError) as error:
            raise self._failure(error) from error

    def _connection(self) -> sqlite3.Connection:
        me = (os.getpid(), threading.get_ident())
        if me not in self._connections:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Opening is making, migrating or finding it damaged: one at a time sees a file that is whole.
            with _locked(self._path.parent):
                self._connections[me] = self._opened()
        return self._connections[me]

    def _drop_connection(self) -> None:
        connection = self._connections.pop((os.getpid(), threading.get_ident()), None)
        if connection is not None:
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        """Connect; the file and all that SQLite puts beside it is its owner's only, and ignored by git."""
        if not self._path.exists():
            ignored = self._path.with_name(".gitignore")
            if not ignored.exists():
                ignored.write_text("*\n", encoding="ascii")
            self._path.touch(mode=0o600)
        connection = _connect(self._path)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")  # with WAL: whole after any kill
            self._bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        """Migrate an older schema or an empty file, under the folder's lock.

        Raises:
            SchemaTooNew: a newer version wrote it.
            sqlite3.DatabaseError: another program wrote it.
        """
        version, application_id = _number(connection, "user_version"), _number(connection, "application_id")
        if application_id != APPLICATION_ID and _number(connection, "schema_version"):
            raise sqlite3.DatabaseError("a database of another program")
        if version > len(MIGRATIONS):
            raise SchemaTooNew(
                f"{shown(self._path)} was written by a newer pytest-llmeval",
                found=f"its schema is {version}, this version knows {len(MIGRATIONS)}; it was left untouched",
                hint="pip install --upgrade pytest-llmeval",
            )
        if version < len(MIGRATIONS):
            _migrate(connection)

    def _set_aside(self, error: Exception, tell: Callable[[str], None]) -> None:
        """Rename a damaged file with its side files, unless another process just did."""
        with _locked(self._path.parent):
            if not self._path.exists() or _is_sound(self._path):
                return
            aside = f"{self._path}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
        notice = StoreError(
            f"the cache {shown(self._path)} cannot be read",
            found=f"{error}; it was set aside as {shown(Path(aside))}",
            hint="a new one was begun: answers that no recording has are asked again",
        )
        tell(str(notice))

    def _failure(self, error: Exception) -> StoreError:
        path = shown(self._path)
        if _is_damage(error):
            hint = f"look at it, then: mv {path} {path}.corrupt (--llmeval-cache=auto does so itself)"
        else:
            hint = "see that it can be written, and that no other program holds it open"
        return StoreError(f"the cache {path} cannot be used", found=str(error), hint=hint)


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file that exists; ``rw`` never makes one. isolation_level None: transactions are ours."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    # Not checked by thread: close() ends those of all threads, and each is used by its own only.
    return sqlite3.connect(address, uri=True, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False)


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to this version in one transaction: all of it, or nothing."""
    connection.execute("PRAGMA journal_mode = WAL")
    with _transaction(connection):
        for statement in MIGRATIONS[_number(connection, "user_version") :]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes of ours out; the lock is on the folder, so it leaves no file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_sound(path: Path) -> bool:
    try:
        with closing(_connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return verdict == "ok" and _number(connection, "application_id") == APPLICATION_ID
    except sqlite3.DatabaseError:
        return False


def _is_damage(error: Exception) -> bool:
    """Whether the file itself is bad; SQLite's own errors say so by code, a foreign file has no code."""
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.OperationalError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & _PRIMARY_CODE in _DAMAGE


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("ascii")).hexdigest()

"""The working cache: ``.llmeval/llmeval.db``, shared by all workers and sessions of a checkout.

Raw sqlite3, because importing sqlite-utils takes longer than a replayed session; commands may open the same file
with it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pytest_llmeval.calls.key import nearest
from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.folder import locked, make_private
from pytest_llmeval.store.record import shown
from pytest_llmeval.store.rows import to_response, to_row
from pytest_llmeval.store.tables import APPLICATION_ID, Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmeval.records import Request, Response

_LOCK_WAIT_S = 30.0
_N_SEARCHED = 200  # newest rows that a miss is compared with
_N_LOG_PAGES = 2_000  # 16 MB; half of it costs a put 5 % more
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PRIMARY_CODE = 0xFF  # SQLite keeps the kind of an error in the low byte of its code

T = TypeVar("T")


class _File(NamedTuple):
    """The file that this thread has open: another one may stand at its path by now."""

    tables: Tables
    identity: tuple[int, int]  # device and inode


class SqliteCache:
    """A cache in one SQLite file; made at the first write, so that replay leaves nothing behind.

    Every thread of every process has a connection of its own: SQLite's must not cross a fork. A connection goes on
    with its file when another process sets that aside or deletes it. So a miss and a write end with a look at what
    stands at the path now; a hit does not: an answer that was found is whole, wherever its file is.

    Args:
        path: such as ``.llmeval/llmeval.db``; its folder is made for the owner only, and ignored by git.
        on_set_aside: where given, a file that cannot be read is renamed, this is told so in three lines, and a new
            file is begun; otherwise such a file is an error.
        on_damage: told of each row that does not fit its seal, where it stands.

    Attributes:
        n_damaged: rows that did not fit their seal; each was a miss.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_set_aside: Callable[[str], None] | None = None,
        on_damage: Callable[[str], None] | None = None,
    ) -> None:
        self.n_damaged = 0
        self._on_damage = on_damage
        self._path = path
        self._address = str(path)
        self._on_set_aside = on_set_aside
        # A parent's files stay in here after a fork, untouched: closing one in the child could harm it.
        self._files: dict[tuple[int, int], _File] = {}  # by process and thread

    def get(self, key: str, request: Request) -> Response | None:
        """Return the stored response of a key; a row that does not fit its seal is none."""
        file = self._files.get((os.getpid(), get_ident()))
        row = None
        if file is not None:
            try:
                row = file.tables.look(key)
            except sqlite3.DatabaseError:
                file = None  # the long way finds the same error, and knows what to do
        if row is None and (file is None or self._has_moved()):
            if not self._path.exists():
                return None
            row = self._run(lambda tables: tables.look(key))
        if row is None:
            return None
        response = to_response(*row, key, request)
        if response is None:
            self._note_damage(f"row of key {key[:12]}")
        return response

    def put(self, response: Response) -> None:
        """Store a response in place of an older one of its key; committed when this returns."""
        row, setup = to_row(response)
        self._run(lambda tables: tables.store(response.key, row, setup))
        while self._has_moved():
            self._run(lambda tables: tables.store(response.key, row, setup))

    def nearest(self, request: Request) -> Request | None:
        """Return the request that differs least, among the newest rows."""
        if not self._path.exists():
            return None
        return nearest(request, self._run(lambda tables: tables.newest(_N_SEARCHED)))

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
            self._run(lambda tables: tables.number("schema_version"))

    def close(self) -> None:
        """Close this process's connections; a later call opens new ones."""
        for process, thread in list(self._files):
            if process == os.getpid():
                self._files.pop((process, thread)).tables.connection.close()

    def _run(self, operation: Callable[[Tables], T]) -> T:
        """Do one thing with this thread's connection; once more on a new file if the old one had to be set aside."""
        try:
            try:
                return operation(self._tables())
            except sqlite3.DatabaseError as error:
                if self._on_set_aside is None or not _is_damage(error):
                    raise
                self._let_go()
                self._set_aside(error, self._on_set_aside)
                return operation(self._tables())
        except (sqlite3.Error, OSError) as error:
            raise self._failure(error) from error

    def _tables(self) -> Tables:
        me = (os.getpid(), get_ident())
        file = self._files.get(me)
        if file is None:
            make_private(self._path.parent)
            # Opening is making, migrating or finding it damaged: one at a time sees a file that is whole.
            with locked(self._path.parent):
                file = self._files[me] = self._opened()
        return file.tables

    def _has_moved(self) -> bool:
        """Whether another file stands at the path than the one this thread has open, or none; it is let go then."""
        file = self._files.get((os.getpid(), get_ident()))
        if file is not None and file.identity == _identity(self._address):
            return False
        self._let_go()
        return True

    def _let_go(self) -> None:
        file = self._files.pop((os.getpid(), get_ident()), None)
        if file is not None:
            file.tables.connection.close()

    def _opened(self) -> _File:
        """Connect; the file and all that SQLite puts beside it is its owner's only."""
        if not self._path.exists():
            self._path.touch(mode=0o600)
        identity = _identity(self._address)  # before it is opened: if it moves in between, that is noticed
        connection = _connect(self._path)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")  # with WAL: whole after any kill
            connection.execute(f"PRAGMA wal_autocheckpoint = {_N_LOG_PAGES}")
            tables = Tables(connection)
            for n in range(tables.bring_up_to_date(shown(self._path))):
                self._note_damage(f"row {n + 1} of an older schema")
        except BaseException:
            connection.close()
            raise
        return _File(tables, identity)

    def _note_damage(self, what: str) -> None:
        self.n_damaged += 1
        if self._on_damage is not None:
            self._on_damage(f"{shown(self._path)} {what}")

    def _set_aside(self, error: Exception, tell: Callable[[str], None]) -> None:
        """Rename a damaged file with its side files, unless another process just did."""
        with locked(self._path.parent):
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


def _identity(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116  (Path.stat takes twice as long)
    except FileNotFoundError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _is_sound(path: Path) -> bool:
    try:
        with closing(_connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return verdict == "ok" and Tables(connection).number("application_id") == APPLICATION_ID
    except sqlite3.DatabaseError:
        return False


def _is_damage(error: Exception) -> bool:
    """Whether the file itself is bad; SQLite's own errors say so by code, a foreign file has no code."""
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.OperationalError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & _PRIMARY_CODE in _DAMAGE

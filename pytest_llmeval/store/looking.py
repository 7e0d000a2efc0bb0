"""Whether answers are stored, seen without writing a byte: neither a schema nor a log of SQLite is touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.record import shown
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.rows import to_response
from pytest_llmeval.store.tables import MIGRATIONS, Tables

if TYPE_CHECKING:
    from pytest_llmeval.records import Request
    from pytest_llmeval.store.postgres.address import Address
    from pytest_llmeval.store.postgres.cache import PostgresCache


class Looking:
    """Recordings and working cache of a project, to be looked at only.

    Args:
        working_cache: the SQLite file; there may be none.
        database: in its place, the database of a team.
    """

    def __init__(self, working_cache: Path, database: Address | None = None) -> None:
        self._notes: list[str] = []
        self._damaged: dict[str, None] = {}  # places, each once, in the order in which they were met
        self._place = working_cache if database is None else database
        self._connection = self._connect(working_cache) if database is None else None
        self._database = self._entered(database) if database is not None else None
        self._recordings: dict[Path, Recordings | None] = {}

    def has(self, key: str, request: Request, recordings: Path | None) -> bool:
        """Whether the answer to a request is stored.

        Args:
            key: of the request.
            request: what is asked.
            recordings: of its test module; None where it has none.
        """
        file = self._read(recordings) if recordings is not None else None
        if file is not None and file.get(key, request) is not None:
            return True
        row = self._look(key)
        if row is None:
            return False
        if to_response(*row, key, request) is None:
            place = shown(self._place) if isinstance(self._place, Path) else self._place
            self._damage(f"{place} row of key {key[:12]}")
            return False
        return True

    def _look(self, key: str) -> tuple[bytes, bytes] | None:
        if self._database is not None:
            return self._database.look(key)
        return Tables(self._connection).look(key) if self._connection is not None else None

    @property
    def notes(self) -> list[str]:
        """What could not be read, in sentences; its answers count as not stored."""
        n, first = len(self._damaged), next(iter(self._damaged), "")
        what = "1 stored answer is damaged" if n == 1 else f"{n} stored answers are damaged"
        damaged = f"{what} and counted as not there ({first}{', ...' if n > 1 else ''}); see: llmeval cache verify"
        return [*self._notes, *([damaged] if n else [])]

    def _damage(self, place: str) -> None:
        self._damaged[place] = None

    def close(self) -> None:
        """Let go of the working cache."""
        if self._connection is not None:
            self._connection.close()
        if self._database is not None:
            self._database.close()

    def _entered(self, database: Address) -> PostgresCache | None:
        from pytest_llmeval.store.postgres.cache import PostgresCache

        cache = PostgresCache(database)
        try:
            cache.check()
        except StoreError as error:
            self._notes.append(f"{' '.join(str(error).split())}; its answers count as not stored")
            return None
        return cache

    def _read(self, path: Path) -> Recordings | None:
        if path not in self._recordings:
            found = Recordings(path, on_first_write=self._notes.append, on_damage=self._damage)
            self._recordings[path] = found
            try:
                found.check()
            except StoreError as error:
                self._notes.append(f"{' '.join(str(error).split())}; its answers count as not stored")
                self._recordings[path] = None
        return self._recordings[path]

    def _connect(self, path: Path) -> sqlite3.Connection | None:
        if not path.exists():
            return None
        # At rest there is no log beside the file, and SQLite, told that nobody writes, makes none.
        is_at_rest = not path.with_name(f"{path.name}-wal").exists()
        address = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if is_at_rest else ''}"
        connection = None
        try:
            connection = sqlite3.connect(address, uri=True)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != len(MIGRATIONS):
                raise sqlite3.DatabaseError(f"its schema is {version}, and {len(MIGRATIONS)} is looked at")
            Tables(connection).look("0")
        except sqlite3.Error as error:
            self._notes.append(f"the cache {shown(path)} cannot be read ({error}); its answers count as not stored")
            if connection is not None:
                connection.close()
            return None
        return connection

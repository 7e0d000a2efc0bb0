"""Whether answers are stored, seen without writing a byte: neither a schema nor a log of SQLite is touched."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.record import shown
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.rows import head
from pytest_llmeval.store.tables import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.records import Request

_FIND = "SELECT 1 FROM responses WHERE head = ?"


class Looking:
    """Recordings and working cache of a project, to be looked at only.

    Args:
        working_cache: the SQLite file; there may be none.

    Attributes:
        notes: what could not be read, in sentences; its answers count as not stored.
    """

    def __init__(self, working_cache: Path) -> None:
        self.notes: list[str] = []
        self._connection = self._connect(working_cache)
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
        return self._connection is not None and self._connection.execute(_FIND, (head(key),)).fetchone() is not None

    def close(self) -> None:
        """Let go of the working cache."""
        if self._connection is not None:
            self._connection.close()

    def _read(self, path: Path) -> Recordings | None:
        if path not in self._recordings:
            found = Recordings(path, on_first_write=self.notes.append)
            self._recordings[path] = found
            try:
                found.check()
            except StoreError as error:
                self.notes.append(f"{' '.join(str(error).split())}; its answers count as not stored")
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
            connection.execute(_FIND, (0,))
        except sqlite3.Error as error:
            self.notes.append(f"the cache {shown(path)} cannot be read ({error}); its answers count as not stored")
            if connection is not None:
                connection.close()
            return None
        return connection

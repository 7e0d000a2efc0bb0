"""The store of a team as one process uses it: the database, and where that is away a file that keeps what was paid for.

Decided in ADR 37: a database that does not answer changes no verdict. What it would have stored stands in
``unsent.db`` beside the sessions, and is sent by the next run that reaches it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store import holdings
from pytest_llmeval.store.folder import locked
from pytest_llmeval.store.postgres.cache import PostgresCache
from pytest_llmeval.store.postgres.link import Unreachable
from pytest_llmeval.store.record import shown
from pytest_llmeval.store.sqlite import SqliteCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmeval.records import Request, Response
    from pytest_llmeval.store.postgres.address import Address

_UNSENT = "unsent.db"


class SharedCache:
    """The database's rows, and beside them what this machine could not send.

    Args:
        address: of the database.
        folder: for ``unsent.db``; nothing is made there while the database answers.
        notify: told in a sentence when the database is away, and when something was sent after all.
        on_damage: told of each row that does not fit its seal.
        asks: whether a provider is asked for what is not found. If not, a database that is away is an error and not a
            miss: nobody can say that the answer is not stored.
    """

    def __init__(
        self,
        address: Address,
        folder: Path,
        *,
        notify: Callable[[str], None],
        on_damage: Callable[[str], None] | None = None,
        asks: bool = True,
    ) -> None:
        self._address = address
        self._remote = PostgresCache(address, on_damage=on_damage)
        self._path = folder / _UNSENT
        self._unsent = SqliteCache(self._path, on_set_aside=notify, on_damage=on_damage)
        self._notify = notify
        self._asks = asks
        self._has_told = False

    def get(self, key: str, request: Request) -> Response | None:
        """Return the stored response of a key.

        Raises:
            StoreError: the database says no; or is away, and nobody is asked.
        """
        try:
            found = self._remote.get(key, request)
        except Unreachable as error:
            found = self._unsent.get(key, request)
            if found is None and not self._asks:
                raise
            self._tell(error)
            return found
        kept = self._unsent.get(key, request) if self._path.exists() else None
        is_newer = kept is not None and (found is None or kept.recorded_at > found.recorded_at)
        return kept if is_newer else found

    def put(self, response: Response) -> None:
        """Store a response; when this returns it is committed there, or here."""
        try:
            self._remote.put(response)
        except StoreError as error:  # away, full, read-only: whatever it is, it was paid for
            self._unsent.put(response)
            self._tell(error)

    def nearest(self, request: Request) -> Request | None:
        """Return the request that differs least, among the newest rows; none while the database is away."""
        try:
            return self._remote.nearest(request)
        except Unreachable:
            return None

    def describe(self) -> str:
        """Name the database."""
        return self._remote.describe()

    def check(self) -> None:
        """Connect, and send what an earlier run could not.

        Raises:
            StoreError: the database lets us not in, or its schema is a newer one; one that is away is told, no more.
        """
        try:
            self.connect()
        except Unreachable as error:
            self._tell(error)

    def connect(self) -> None:
        """Connect, and send what an earlier run could not.

        Raises:
            StoreError: it cannot be reached, lets us not in, or its schema is a newer one.
        """
        self._remote.check()
        n_sent = self._send()
        if n_sent:
            answers = "1 answer" if n_sent == 1 else f"{n_sent} answers"
            self._notify(f"llmeval: {answers} of an earlier run sent to the store {self._address}")

    def close(self) -> None:
        """Close both; claims end, too."""
        self._remote.close()
        self._unsent.close()

    def _tell(self, error: StoreError) -> None:
        if not self._has_told:
            self._has_told = True
            self._notify(
                f"llmeval: {error.what} ({error.found}): new answers are kept in {shown(self._path)}, and sent by the "
                "next run that reaches it; what it holds may have been asked again"
            )

    def _send(self) -> int:
        """Send what waits, and return how many answers that was; each file goes when all of it has arrived."""
        folder = self._path.parent
        if not self._path.exists() and not any(folder.glob("unsent-*.db")):
            return 0
        with locked(folder):
            if self._path.exists():
                # Renamed first: whoever writes to it meanwhile sees that it has moved, and writes to a new one.
                aside = self._path.with_name(f"unsent-{self._path.stat().st_mtime_ns}.db")
                for suffix in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        self._path.with_name(f"{_UNSENT}{suffix}").rename(f"{aside}{suffix}")
        n_sent = 0
        for path in sorted(folder.glob("unsent-*.db")):
            for one in holdings.of_working_cache(path).stored:
                self._remote.put(one.response)
                n_sent += 1
            for suffix in ("", "-wal", "-shm"):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        return n_sent

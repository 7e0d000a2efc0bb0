"""Answers in PostgreSQL: the rows of the working cache, sealed and deflated as in SQLite, one set for a team."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pytest_llmeval.calls.key import nearest
from pytest_llmeval.store.deflate import deflated
from pytest_llmeval.store.postgres.link import link_of
from pytest_llmeval.store.rows import head, to_request, to_response, to_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from pytest_llmeval.records import Request, Response
    from pytest_llmeval.store.postgres.address import Address
    from pytest_llmeval.store.postgres.link import Link
    from pytest_llmeval.store.rows import Row

_N_SEARCHED = 200  # newest rows that a miss is compared with
_DIGEST_BYTES = 16
_N_KNOWN_SETUPS = 200  # then they are forgotten, and looked up again

_LOOK = "SELECT recorded_at, body FROM responses WHERE head = %s"
_UNLESS_OLDER = """
    ON CONFLICT (head) DO UPDATE
    SET recorded_at = excluded.recorded_at, setup = excluded.setup, body = excluded.body
    WHERE excluded.recorded_at >= responses.recorded_at
"""
_STORE = f"INSERT INTO responses (head, recorded_at, setup, body) VALUES (%s, %s, %s, %s) {_UNLESS_OLDER}"  # noqa: S608 - our own words
# With its setup, where this process has not met that. An update that changes nothing: DO NOTHING would return nothing.
_STORE_BOTH = f"""
    WITH made AS (
        INSERT INTO setups (digest, body) VALUES (%s, %s) ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest
        RETURNING id
    ), stored AS (
        INSERT INTO responses (head, recorded_at, setup, body) SELECT %s, %s, id, %s FROM made {_UNLESS_OLDER}
    )
    SELECT id FROM made
"""  # noqa: S608 - our own words
_NEWEST = """
    SELECT recorded_at, responses.body, setups.body
    FROM responses JOIN setups ON setups.id = responses.setup ORDER BY n DESC LIMIT %s
"""


class PostgresCache:
    """A cache in one schema of a database. Safe to share between threads, whole after a fork.

    Every statement commits by itself. Errors are those of ``Link.run``.

    Args:
        address: of the database; the schema is made at the first use.
        on_damage: told of each row that does not fit its seal.
        link: in the place of the process's own.

    Attributes:
        n_damaged: rows that did not fit their seal; each was a miss.
    """

    def __init__(
        self, address: Address, *, on_damage: Callable[[str], None] | None = None, link: Link | None = None
    ) -> None:
        self.n_damaged = 0
        self._address = address
        self._on_damage = on_damage
        self._link = link or link_of(address)
        self._setups: dict[str, int] = {}  # ids of those that this process has met

    def get(self, key: str, request: Request) -> Response | None:
        """Return the stored response of a key; a row that does not fit its seal is none."""
        row = self.look(key)
        if row is None:
            return None
        response = to_response(*row, key, request)
        if response is None:
            self.n_damaged += 1
            if self._on_damage is not None:
                self._on_damage(f"{self._address} row of key {key[:12]}")
        return response

    def look(self, key: str) -> tuple[bytes, bytes] | None:
        """Return when the row of a key was recorded, and its body; or those of a key that begins like it."""
        row = self._link.run(lambda connection: connection.execute(_LOOK, (head(key),), binary=True).fetchone())
        return None if row is None else (row[0].encode(), row[1])

    def put(self, response: Response) -> None:
        """Store a response in place of an older one of its key; committed when this returns."""
        row, setup = to_row(response)
        self._link.run(lambda connection: self._store(connection, response.key, row, setup))

    def nearest(self, request: Request) -> Request | None:
        """Return the request that differs least, among the newest rows."""
        rows = self._link.run(lambda connection: connection.execute(_NEWEST, (_N_SEARCHED,), binary=True).fetchall())
        stored = (to_request(recorded_at.encode(), body, setup) for recorded_at, body, setup in rows)
        return nearest(request, [other for other in stored if other is not None])

    def describe(self) -> str:
        """Name the database; its rows are not counted."""
        return str(self._address)

    def check(self) -> None:
        """Connect now, and bring the schema up to date."""
        self._link.run(lambda connection: connection.execute("SELECT 1"))

    def close(self) -> None:
        """Close this process's connection, and end its claims; a later call opens a new one."""
        self._link.close()

    def _store(self, connection: Connection[Any], key: str, row: Row, setup: str) -> None:
        setup_id = self._setups.get(setup)
        if setup_id is not None:
            connection.execute(_STORE, (head(key), row.recorded_at, setup_id, row.body))
            return
        text = setup.encode("ascii")
        digest = hashlib.sha256(text).digest()[:_DIGEST_BYTES]
        both = (digest, deflated(text), head(key), row.recorded_at, row.body)
        (setup_id,) = next(connection.execute(_STORE_BOTH, both))
        if len(self._setups) >= _N_KNOWN_SETUPS:
            self._setups.clear()
        self._setups[setup] = int(setup_id)

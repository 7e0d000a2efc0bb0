"""The sessions of a team: each session file whole, so that every machine can list, show and compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.store.deflate import deflated, inflated
from pytest_llmeval.store.postgres.link import Link, link_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pytest_llmeval.store.postgres.address import Address

_STAMP = "%Y%m%dT%H%M%SZ"  # how an id begins


class Held(NamedTuple):
    """One session that is stored; ``n_bytes`` is what it takes there."""

    id: str
    n_bytes: int


class PostgresSessions:
    """The sessions of one tenant; errors are those of ``Link.run``.

    Args:
        address: of the database.
        limit_s: most seconds of a statement, where a command waits; else the process's own link is used.
    """

    def __init__(self, address: Address, *, limit_s: float | None = None) -> None:
        self._link = link_of(address) if limit_s is None else Link(address, limit_s)

    def put(self, session_id: str, branch: str, content: bytes) -> bool:
        """Store a session file; False where its session is there already, which is then left as it is."""
        statement = """
            INSERT INTO sessions (id, branch, body) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING
        """
        # A name of a branch that PostgreSQL cannot hold is no reason to lose the session.
        row = session_id, branch.replace("\0", "").encode("utf-8", "replace").decode(), deflated(content)
        n_stored: int = self._link.run(lambda connection: connection.execute(statement, row).rowcount)
        return n_stored == 1

    def held(self) -> tuple[Held, ...]:
        """Return what is stored, the oldest first."""
        statement = "SELECT id, octet_length(body) FROM sessions ORDER BY id"
        return tuple(Held(*row) for row in self._link.run(lambda connection: connection.execute(statement).fetchall()))

    def content(self, session_id: str) -> bytes | None:
        """Return the session file as it was stored; None where it is gone meanwhile.

        Raises:
            ValueError: it is damaged.
        """
        statement = "SELECT body FROM sessions WHERE id = %s"
        row = self._link.run(lambda connection: connection.execute(statement, (session_id,), binary=True).fetchone())
        return None if row is None else inflated(row[0])

    def older_than(self, latest: datetime) -> tuple[Held, ...]:
        """Return the sessions that began before a time in UTC; the newest of all is never one of them."""
        return tuple(one for one in self.held()[:-1] if one.id < f"{latest:{_STAMP}}")

    def forget(self, ids: Collection[str]) -> int:
        """Delete sessions; return how many there were."""
        statement = "DELETE FROM sessions WHERE id = ANY(%s)"
        n_gone: int = self._link.run(lambda connection: connection.execute(statement, (list(ids),)).rowcount)
        return n_gone

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        self._link.close()

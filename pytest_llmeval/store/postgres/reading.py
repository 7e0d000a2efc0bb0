"""Everything that is stored in the database, read whole or taken out: for commands that list, check and prune it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmeval.store.holdings import Damage, Holdings, Stored, response_of
from pytest_llmeval.store.postgres.link import Link

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg import Connection

    from pytest_llmeval.store.postgres.address import Address

LIMIT_S = 60.0  # of a statement: a person waits, and no test
_N_AT_ONCE = 1_000
_ROWS = """
    SELECT n, recorded_at, responses.body, setups.body
    FROM responses LEFT JOIN setups ON setups.id = responses.setup WHERE n > %s ORDER BY n LIMIT %s
"""
# By time as well: the row of a key that was asked again meanwhile has its old number, and another answer.
_DROP = "DELETE FROM responses WHERE n = %s AND recorded_at = %s"
_DROP_DAMAGED = "DELETE FROM responses WHERE n = %s AND body = %s"


def held(address: Address) -> Holdings:
    """Read every row of a tenant; errors are those of ``Link.run``."""
    link = Link(address, LIMIT_S)
    stored, damaged, last = [], [], -1
    try:
        while rows := link.run(partial(_rows, last)):
            for n, recorded_at, body, setup in rows:
                response = response_of(recorded_at.encode(), body, setup)
                if response is None:
                    damaged.append(
                        Damage(address, n, "it does not fit its seal" if setup else "its request is gone", body)
                    )
                else:
                    stored.append(Stored(response, address, n, len(body)))
            last = rows[-1][0]
    finally:
        link.close()
    return Holdings(tuple(stored), tuple(damaged))


def drop_rows(
    address: Address, whole: Collection[tuple[int, str]], damaged: Collection[tuple[int, object]] = ()
) -> int:
    """Take rows out in one transaction; arguments, and what is returned, as of ``pruning.drop_rows``."""
    link = Link(address, LIMIT_S)

    def drop(connection: Connection[Any]) -> int:
        with connection.transaction():
            n_gone: int = sum(connection.execute(_DROP, row).rowcount for row in whole)
            n_gone += sum(connection.execute(_DROP_DAMAGED, row).rowcount for row in damaged)
            return n_gone

    try:
        return link.run(drop)
    finally:
        link.close()


def _rows(after: int, connection: Connection[Any]) -> list[tuple[int, str, bytes, bytes | None]]:
    rows: list[tuple[int, str, bytes, bytes | None]]
    rows = connection.execute(_ROWS, (after, _N_AT_ONCE), binary=True).fetchall()
    return rows

"""A tenant's schema and the role that owns it, and what is to be said of a schema: for an administrator's commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.store.postgres.link import Link
from pytest_llmeval.store.postgres.reading import LIMIT_S
from pytest_llmeval.store.postgres.schema import MIGRATIONS

if TYPE_CHECKING:
    from psycopg import Connection

    from pytest_llmeval.store.postgres.address import Address

_FACTS = """
    SELECT current_setting('server_version'), current_user,
        (SELECT count(*) FROM responses), pg_total_relation_size('responses') + pg_total_relation_size('setups'),
        (SELECT count(*) FROM sessions), pg_total_relation_size('sessions'),
        (SELECT count(*) FROM accounts)
"""
# What others may see of a connection is up to the server: of their own role everything, of others' nothing.
_OTHERS = """
    SELECT coalesce(host(client_addr), 'this machine'), count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'pytest-llmeval' AND pid <> pg_backend_pid()
    GROUP BY 1 ORDER BY 1
"""


class Facts(NamedTuple):
    """What is to be said of a schema; sizes in bytes, with their indexes.

    Args:
        server: version of PostgreSQL.
        role: who we are there.
        n_answers, n_answer_bytes: stored answers.
        n_sessions, n_session_bytes: stored sessions.
        n_accounts: of the last month.
        version: of the schema.
        others: (address, connections) of whoever else uses it now, as far as this role may see.
    """

    server: str
    role: str
    n_answers: int
    n_answer_bytes: int
    n_sessions: int
    n_session_bytes: int
    n_accounts: int
    version: int
    others: tuple[tuple[str, int], ...]


def facts(address: Address) -> Facts:
    """Connect, and say what is there; the schema is made where it is missing. Errors are those of ``Link.run``."""
    link = Link(address, LIMIT_S)
    try:
        (row,) = link.run(lambda connection: connection.execute(_FACTS).fetchall())
        others = link.run(lambda connection: connection.execute(_OTHERS).fetchall())
        return Facts._make((*row, len(MIGRATIONS), tuple(others)))
    finally:
        link.close()


def make(address: Address) -> bool:
    """Make the schema of a tenant, and a role of the same name that owns it and nothing else.

    The role may log in and has no password yet; nobody but it, and whoever made it, may enter the schema.

    Args:
        address: with a tenant, and with a user who may make schemas and roles.

    Returns:
        whether the role is new; one that is there is left as it is.

    Raises:
        Refused: the user may not.
    """
    link = Link(address, LIMIT_S)
    try:
        return link.run(lambda connection: _make(connection, address))
    finally:
        link.close()


def _make(connection: Connection[Any], address: Address) -> bool:
    from psycopg import sql

    names = {"role": sql.Identifier(address.role), "schema": sql.Identifier(address.schema)}
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"

    def do(statement: str, **more: sql.Identifier) -> None:
        connection.execute(sql.SQL(statement).format(**names, **more))

    with connection.transaction():
        is_new = not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (address.role,)).fetchone()
        if is_new:
            do("CREATE ROLE {role} LOGIN")
        (database, is_superuser) = next(
            connection.execute("SELECT current_database(), rolsuper FROM pg_roles WHERE rolname = current_user")
        )
        if not is_superuser:
            do("GRANT {role} TO CURRENT_USER")  # only a member may give it anything
        do("GRANT CONNECT ON DATABASE {database} TO {role}", database=sql.Identifier(database))
        do("REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
        do("ALTER SCHEMA {schema} OWNER TO {role}")
        for (table,) in connection.execute(tables, (address.schema,)).fetchall():
            do("ALTER TABLE {schema}.{table} OWNER TO {role}", table=sql.Identifier(table))
    return is_new

"""The tables of the shared store: one schema a tenant, its version, and how an older one is brought to ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import SchemaTooNew

if TYPE_CHECKING:
    from psycopg import Connection

    from pytest_llmeval.store.postgres.address import Address

# Each brings the schema from its index to the next; schema_version counts those that were run. Only append.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE setups (
               id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
               digest bytea NOT NULL UNIQUE,   -- 128 bits of SHA-256 of the JSON
               body bytea NOT NULL             -- the JSON, deflated
           )""",
        """CREATE TABLE responses (
               n bigint GENERATED ALWAYS AS IDENTITY UNIQUE,  -- in the order in which they came
               head bigint PRIMARY KEY,        -- 63 bits of the key; the seal in the body knows all of it
               recorded_at text COLLATE "C" NOT NULL,
               setup bigint NOT NULL,          -- setups.id
               body bytea NOT NULL             -- of store/rows.py
           )""",
        """CREATE TABLE accounts (
               name text PRIMARY KEY,
               begun_at timestamptz NOT NULL DEFAULT now(),
               spent bigint NOT NULL DEFAULT 0,      -- nano-dollars, as all amounts
               held bigint NOT NULL DEFAULT 0,       -- the sum of its reservations
               unsure bigint NOT NULL DEFAULT 0,     -- of what is spent, for calls of which nobody knows what they cost
               n_unsure bigint NOT NULL DEFAULT 0,
               n_refused bigint NOT NULL DEFAULT 0   -- calls that were not made
           )""",
        """CREATE TABLE reservations (
               number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- never given twice
               account text NOT NULL REFERENCES accounts ON DELETE CASCADE,
               owner bigint NOT NULL,                -- a lock of a process; free when it dies
               amount bigint NOT NULL
           )""",
        "CREATE INDEX ON reservations (account, owner)",
        """CREATE TABLE sessions (
               id text COLLATE "C" PRIMARY KEY,      -- begins with its time
               branch text NOT NULL,
               body bytea NOT NULL,                  -- the file, deflated
               stored_at timestamptz NOT NULL DEFAULT now()
           )""",
    ),
)


def bring_up_to_date(connection: Connection[Any], address: Address, lock: int) -> None:
    """Make the schema, or migrate an older one, in one transaction: all of it, or nothing.

    Args:
        connection: in autocommit, with the schema as its search path.
        address: whose schema it is.
        lock: number of an advisory lock; of two machines that begin together one makes the schema, the other waits.

    Raises:
        SchemaTooNew: a newer version made it; it was left untouched.
        psycopg.Error: it cannot be read or made.
    """
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise SchemaTooNew(
            f"schema {address.schema!r} of the store {address} was made by a newer pytest-llmeval",
            found=f"its version is {version}, this pytest-llmeval knows {len(MIGRATIONS)}; it was left untouched",
            hint="pip install --upgrade pytest-llmeval",
        )
    if version == len(MIGRATIONS):
        return
    from psycopg import sql

    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock,))
        # IF NOT EXISTS asks for the right to make one even where there is one.
        if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (address.schema,)).fetchone():
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(address.schema)))
        version = _version(connection)  # another machine's work meanwhile
        if not version:
            connection.execute("CREATE TABLE schema_version (version integer NOT NULL)")
            connection.execute("INSERT INTO schema_version VALUES (0)")
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement.encode())
        connection.execute("UPDATE schema_version SET version = %s", (len(MIGRATIONS),))


def _version(connection: Connection[Any]) -> int:
    """Return how many migrations were run; 0 where there is no schema of ours."""
    if connection.execute("SELECT to_regclass('schema_version')").fetchone() == (None,):
        return 0
    row = connection.execute("SELECT version FROM schema_version").fetchone()
    return int(row[0]) if row else 0

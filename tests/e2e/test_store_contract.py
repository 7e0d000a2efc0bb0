"""What a store promises, kept by PostgreSQL: the tests are those of SQLite's files; the schema's own stand below."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import SchemaTooNew
from tests.e2e import database, servers
from tests.unit.stores import Engine, response

# What they ask for (``engine``) is given here.
from tests.unit.test_store_contract import *  # noqa: F403

pytestmark = pytest.mark.e2e


class Postgres(Engine):
    """A database; its place is its address."""

    opening = """
import sys
from pytest_llmeval.store.postgres.address import address_of
from pytest_llmeval.store.postgres.cache import PostgresCache
from pytest_llmeval.store.postgres.ledger import PostgresLedger
from pytest_llmeval.store.postgres.link import link_of, lock_of

class Claims:
    def __init__(self, address):
        self.address = address

    def take(self, key):
        return link_of(self.address).take(lock_of(self.address.schema, "claim", key))

    def give_back(self, key):
        link_of(self.address).give_back(lock_of(self.address.schema, "claim", key))

def opened(place, account="a"):
    address = address_of(place)
    return PostgresCache(address), Claims(address), PostgresLedger(address, account)
"""

    def damage(self):
        """Change the last byte of every answer."""
        database.sql(self.place, r"UPDATE llmeval.responses SET body = substr(body, 1, length(body) - 1) || '\xff'")

    def soon(self, look):
        """Look again and again: the server hears of a death when it reads from the connection."""
        return servers.eventually(look)


@pytest.fixture
def engine(store):
    """An empty database."""
    made = Postgres(store)
    yield made
    made.close()


def test_a_store_of_a_newer_version_is_refused_untouched(engine):
    """With both versions, and what to do (FAULTS 10)."""
    cache = engine.cache()
    cache.put(response())
    cache.close()
    database.sql(engine.place, "UPDATE llmeval.schema_version SET version = 99")
    with pytest.raises(SchemaTooNew, match="newer pytest-llmeval") as caught:
        engine.cache().check()
    assert "99" in caught.value.found
    assert [(99,)] == database.sql(engine.place, "SELECT version FROM llmeval.schema_version")

"""How often a process asks the database, one question after the other: what docs/postgres.md says of its distance."""

from __future__ import annotations

import pytest

from pytest_llmeval.calls.budget import Budget
from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.calls.prices import Prices
from pytest_llmeval.errors import StoreError
from pytest_llmeval.records import Provenance, Request
from pytest_llmeval.store.claims import Claims
from pytest_llmeval.store.postgres.address import address_of
from pytest_llmeval.store.postgres.cache import PostgresCache
from pytest_llmeval.store.postgres.claims import PostgresClaims
from pytest_llmeval.store.postgres.ledger import PostgresLedger
from pytest_llmeval.store.postgres.shared import SharedCache
from tests.e2e import database
from tests.unit.stores import response

pytestmark = pytest.mark.e2e

PRICES = Prices({"openai/m": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}})


@pytest.fixture
def wire(postgres_server):
    """A wire to the server, on which questions are counted."""
    made = database.Wire(postgres_server.port)
    yield made
    made.close()


@pytest.mark.parametrize(("has_budget", "expected"), [(False, 5), (True, 7)], ids=["free", "budget"])
def test_a_live_call_asks_five_times_with_a_budget_seven(
    wire, store, postgres_server, provider, tmp_path, monkeypatch, has_budget, expected
):
    """Also the first one with its settings; look, claim, look again, store, give back, and reserve and settle."""
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    address = address_of(store.replace(f":{postgres_server.port}/", f":{wire.port}/"))
    cache, ledger = SharedCache(address, tmp_path, notify=print), PostgresLedger(address, "a")
    cache.check()
    if has_budget:
        ledger.check()
        ledger.reserve(0, 1)  # its first question says that this process lives
    budget = Budget(ledger, PRICES, 1.0, longest_wait_s=0.0) if has_budget else None
    claims = PostgresClaims(address, Claims(tmp_path / "claims"))
    engine = Engine(cache, Mode.AUTO, claims=claims, prices=PRICES, budget=budget)

    def asked(question):
        before = wire.n_trips
        message = {"role": "user", "content": question}
        request = Request(
            model="openai/m", messages=(message,), settings={"max_tokens": 10}, api_base=provider.url, trial=0
        )
        return engine.ask(request).provenance, wire.n_trips - before

    try:
        assert [(Provenance.LIVE, expected)] * 2 == [asked("first"), asked("second")]
        assert (Provenance.REPLAYED, 1) == asked("first")
    finally:
        engine.close()
        cache.close()


def test_settings_and_their_first_answer_are_stored_together_or_not_at_all(store):
    """A row that the database refuses leaves nothing of it behind; the next one brings the settings again."""
    cache = PostgresCache(address_of(store))
    cache.check()
    database.sql(store, "ALTER TABLE llmeval.responses ADD CONSTRAINT full_disk CHECK (n < 0)")
    with pytest.raises(StoreError):
        cache.put(response())
    assert [(0,)] == database.sql(store, "SELECT count(*) FROM llmeval.setups")
    database.sql(store, "ALTER TABLE llmeval.responses DROP CONSTRAINT full_disk")
    for question in ("Hi", "Ho"):
        cache.put(response(question))
    assert [(1, 2)] == database.sql(
        store, "SELECT count(DISTINCT setups.id), count(*) FROM llmeval.setups JOIN llmeval.responses ON setup = id"
    )
    assert response("Ho").request == cache.nearest(response("Ho").request)
    cache.close()

"""One PostgreSQL for all tests that need one, and a database of its own for each."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.loopback import Loopback, Reply
from tests.e2e import database
from tests.e2e.machines import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[database.Server]:
    """A server with passwords; a test that stops one starts its own."""
    with database.running(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def store(postgres_server: database.Server) -> str:
    """The address of an empty database, with the password of its owner in it."""
    name = f"test_{next(_NUMBERS)}"
    database.sql(postgres_server.url("postgres"), f"CREATE DATABASE {name}")
    return postgres_server.url(name)


@pytest.fixture
def provider():
    """A provider that answers every question, after a while where it says so."""
    with Loopback(lambda body: Reply(f"answer to {body['messages'][-1]['content']}", latency_s=0.2)) as server:
        yield server


@pytest.fixture
def machine(tmp_path, provider, store):
    """Make machines, by name."""
    return lambda name, url=store: Machine(tmp_path / name, provider, url)

"""One PostgreSQL for all tests that need one, and a database of its own for each."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.e2e import database

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

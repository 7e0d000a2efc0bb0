"""The working cache, opened for a command that writes to it: a file, or a team's database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.store.sqlite import SqliteCache

if TYPE_CHECKING:
    from pytest_llmeval.store.postgres.address import Address
    from pytest_llmeval.store.postgres.cache import PostgresCache


def opened(place: Path | Address) -> SqliteCache | PostgresCache:
    """Return the cache; it is made at the first write."""
    if isinstance(place, Path):
        return SqliteCache(place)
    from pytest_llmeval.store.postgres.cache import PostgresCache

    return PostgresCache(place)

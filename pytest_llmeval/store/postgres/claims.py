"""Who asks, over all machines of a team: a claim is an advisory lock of a connection, and ends with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.store.postgres.link import Unreachable, link_of, lock_of

if TYPE_CHECKING:
    from pytest_llmeval.store.claims import Claims
    from pytest_llmeval.store.postgres.address import Address


class PostgresClaims:
    """Claims in two steps: of the processes of a machine one may ask the database, of the machines one may ask.

    The first step alone decides while the database is away. A process that dies, however it does, takes its connection
    with it, and the server its locks; a machine that vanishes is noticed by the server within half a minute.

    Args:
        address: of the database; two tenants never wait for each other.
        local: of the processes on this machine.
    """

    def __init__(self, address: Address, local: Claims) -> None:
        self._address = address
        self._local = local
        self._link = link_of(address)

    def take(self, key: str) -> bool:
        """Claim a key for this process, without waiting; see ``calls.cache.Claims``."""
        if not self._local.take(key):
            return False
        try:
            is_ours = self._link.take(self._lock(key))
        except Unreachable:
            return True
        if not is_ours:
            self._local.give_back(key)
        return is_ours

    def give_back(self, key: str) -> None:
        """End a claim; nothing happens where this process does not have it."""
        self._link.give_back(self._lock(key))
        self._local.give_back(key)

    def _lock(self, key: str) -> int:
        return lock_of(self._address.schema, "claim", key)

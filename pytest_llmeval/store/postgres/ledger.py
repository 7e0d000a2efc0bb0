"""The ledger of what sessions spend, over all machines of a team: one account a session, or a run of CI."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any

from pytest_llmeval.calls.budget import Reserved
from pytest_llmeval.errors import BudgetSpent, LlmevalError, StoreError
from pytest_llmeval.store.postgres.link import Unreachable, link_of
from pytest_llmeval.store.spend import KEPT_DAYS, Balance

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from psycopg import Connection

    from pytest_llmeval.store.postgres.address import Address

    T = TypeVar("T")

_OWNER_BITS = 62
# Of the process, however many ledgers it opens: its lock is its own in all of them.
_OWNERS: dict[int, int] = {}

_OPEN = "INSERT INTO accounts (name) VALUES (%s) ON CONFLICT (name) DO NOTHING"
# The row's own lock makes it one after the other, and each sees what the one before it has left.
_RESERVE = """
    WITH taken AS (
        UPDATE accounts SET held = held + %(amount)s
        WHERE name = %(account)s AND spent + held + %(amount)s <= %(limit)s RETURNING spent, held
    ), made AS (
        INSERT INTO reservations (account, owner, amount) SELECT %(account)s, %(owner)s, %(amount)s FROM taken
        RETURNING number
    )
    SELECT number, spent, held FROM made, taken
"""
_SETTLE = """
    WITH gone AS (DELETE FROM reservations WHERE number = %(number)s RETURNING account, amount)
    UPDATE accounts SET held = held - gone.amount, spent = spent + %(spent)s,
        unsure = unsure + %(unsure)s, n_unsure = n_unsure + %(n_unsure)s
    FROM gone WHERE name = gone.account
"""
_OTHERS = "SELECT DISTINCT owner FROM reservations WHERE account = %s AND owner <> %s"
_WRITE_OFF = """
    WITH gone AS (DELETE FROM reservations WHERE account = %(account)s AND owner = %(owner)s RETURNING amount),
    lost AS (SELECT coalesce(sum(amount), 0)::bigint AS amount, count(*) AS n FROM gone)
    UPDATE accounts SET held = held - lost.amount, spent = spent + lost.amount,
        unsure = unsure + lost.amount, n_unsure = n_unsure + lost.n
    FROM lost WHERE name = %(account)s
"""
_BALANCE = """
    SELECT spent, unsure, n_unsure, held, (SELECT count(*) FROM reservations WHERE account = name), n_refused
    FROM accounts WHERE name = %s
"""


class LedgerAway(StoreError):
    """Nobody can count what would be spent."""


class PostgresLedger:
    """The account of one session, or of all that name it alike. Safe to share between threads, whole after a fork.

    A reservation whose process died before it was settled counts as spent, as in ``spend.SpendLedger``. Which processes
    live, on whatever machine, the server says: each holds a lock, which ends with its connection. While the database
    is away nothing can be reserved, since nobody could count it.

    Args:
        address: of the database.
        account: name of the account.
    """

    def __init__(self, address: Address, account: str) -> None:
        self._address = address
        self._account = account
        self._link = link_of(address)

    def reserve(self, amount: int, limit: int) -> Reserved:
        """See ``calls.budget.Ledger``.

        Raises:
            BudgetSpent: the database is away. An outage is not quality: its test is unscored, and did not fail.
        """
        try:
            reserved = self._reserve(amount, limit)
            if reserved.number is None and reserved.held and self._write_off_dead():
                reserved = self._reserve(amount, limit)
        except LedgerAway as error:
            raise BudgetSpent(f"{BudgetSpent.SIGN}: {error.what}", found=error.found, hint=error.hint) from None
        return reserved

    def settle(self, number: int, amount: int, *, is_sure: bool) -> None:
        """See ``calls.budget.Ledger``; nothing happens where the reservation is not there any more."""
        unsure = 0 if is_sure else amount
        values = {"number": number, "spent": amount, "unsure": unsure, "n_unsure": int(not is_sure)}
        self._run(lambda connection: connection.execute(_SETTLE, values))

    def refuse(self) -> None:
        """See ``calls.budget.Ledger``."""
        statement = "UPDATE accounts SET n_refused = n_refused + 1 WHERE name = %s"
        self._run(lambda connection: connection.execute(statement, (self._account,)))

    def balance(self) -> Balance:
        """Return the account as it stands, with what dead processes had reserved as spent."""
        self._write_off_dead()
        return self._run(self._balance)

    def check(self) -> None:
        """Open the account, and forget accounts that are long over.

        Raises:
            StoreError: the database is away, or does not let us in.
        """
        old = "DELETE FROM accounts WHERE begun_at < now() - make_interval(days => %s)"
        self._run(lambda connection: connection.execute(old, (KEPT_DAYS,)))
        self._run(lambda connection: connection.execute(_OPEN, (self._account,)))

    def close(self) -> None:
        """Close this process's connection; what it still has reserved, others count as spent."""
        self._link.close()

    def _reserve(self, amount: int, limit: int) -> Reserved:
        values = {"account": self._account, "owner": self._owner(), "amount": amount, "limit": limit}

        def reserve(connection: Connection[Any]) -> Reserved:
            row = connection.execute(_RESERVE, values).fetchone()
            if row is not None:
                return Reserved(*row)
            stands = self._balance(connection)
            return Reserved(None, stands.spent, stands.held)

        reserved = self._run(reserve)
        if reserved.number is None and reserved.spent + reserved.held + amount <= limit:
            # Not for want of money: somebody has given some back meanwhile, or the account is not open yet.
            self._run(lambda connection: connection.execute(_OPEN, (self._account,)))
            reserved = self._run(reserve)
        return reserved

    def _balance(self, connection: Connection[Any]) -> Balance:
        row = connection.execute(_BALANCE, (self._account,)).fetchone()
        return Balance() if row is None else Balance(*row)

    def _write_off_dead(self) -> bool:
        """Count as spent what dead processes had reserved; whether there was any."""
        me = self._owner()

        def write_off(connection: Connection[Any]) -> bool:
            with connection.transaction():
                owners = [owner for (owner,) in connection.execute(_OTHERS, (self._account, me))]
                # For the transaction only; who holds his own lives.
                dead = [owner for owner in owners if _is_free(connection, owner)]
                for owner in dead:
                    connection.execute(_WRITE_OFF, {"account": self._account, "owner": owner})
            return bool(dead)

        return self._run(write_off)

    def _owner(self) -> int:
        """Return the number of the lock by which others know that this process lives."""
        owner = _OWNERS.setdefault(os.getpid(), secrets.randbits(_OWNER_BITS))
        try:
            self._link.take(owner)
        except StoreError as error:
            raise self._failure(error) from None
        return owner

    def _run(self, operation: Callable[[Connection[Any]], T]) -> T:
        try:
            return self._link.run(operation)
        except StoreError as error:
            raise self._failure(error) from None

    def _failure(self, error: LlmevalError) -> LlmevalError:
        if not isinstance(error, Unreachable):
            return error
        return LedgerAway(
            f"the ledger in the store {self._address} cannot be used, and a budget is set",
            found=" ".join(filter(None, (error.what, error.found))),
            hint="nothing is asked that nobody can count; see that the database answers: llmeval store check",
        )


def _is_free(connection: Connection[Any], owner: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (owner,)).fetchone()
    return bool(row and row[0])

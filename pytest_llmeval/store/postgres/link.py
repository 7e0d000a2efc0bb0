"""One connection a process to the database that a team shares, and all that may go wrong with it; psycopg's sole door.

A server that hangs, or has gone, costs a run some seconds and no more: every statement has a limit, kept by the server,
and where that does not answer by cutting the connection; after one such wait this process asks it no more (FAULTS 20).
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.errors import StoreError, UsageError
from pytest_llmeval.store.postgres import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from psycopg import Connection

    from pytest_llmeval.store.postgres.address import Address

T = TypeVar("T")

LIMIT_S = 5.0
_LOOKS_S = 0.25
# In waits for nothing; then this process leaves the server alone. Workers wait side by side, and their controller after
# them: two waits of a run.
_MOST_LOST_S = 4.0
_AGAIN_S = 5.0
# What a server says that will let us in a moment later; every other "FATAL" is about who we are, or what we ask for.
_PASSING = ("starting up", "shutting down", "recovery mode", "too many", "remaining connection slots", "terminating")
# Seconds. A machine that has vanished without a word is noticed by the server, which then frees its claims.
_SETTINGS = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "10s",
}
_LINKS: dict[tuple[str, str], Link] = {}


class Unreachable(StoreError):
    """The database does not answer, or not in time; it may again."""


class Refused(StoreError):
    """The database does not let us in, or not to this schema: nothing that waiting helps."""


def link_of(address: Address) -> Link:
    """Return this process's link to a database: one, so that all who use it know alike when it is away."""
    return _LINKS.setdefault((address.url, address.tenant), Link(address))


def lock_of(*names: str) -> int:
    """Return the number of an advisory lock: 64 bits of its names, the schema's first."""
    return int.from_bytes(sha256("\0".join(names).encode()).digest()[:8], "big", signed=True)


class _Process:
    """What one process has open. A child of a fork leaves its parent's as it is, and opens its own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.connection: Connection[Any] | None = None
        self.held: set[int] = set()
        self.due_s = math.inf
        self.has_cut = False
        self.is_over = False
        self.watcher: threading.Thread | None = None


class Link:
    """Runs statements, one thread at a time; connects when first needed, and once more where a connection has died.

    Args:
        address: of the database.
        limit_s: most seconds of a statement; a command that reads everything takes its time.

    Attributes:
        address: as given.
    """

    def __init__(self, address: Address, limit_s: float = LIMIT_S) -> None:
        self.address = address
        self._limit_s = limit_s
        self._processes: dict[int, _Process] = {}
        self._lost_s = 0.0
        self._again_s = -math.inf
        self._why = ""

    def run(self, operation: Callable[[Connection[Any]], T]) -> T:
        """Return what an operation returns, which is done again on a new connection where the old one has died.

        Args:
            operation: is given a connection in autocommit, whose search path is the tenant's schema alone. It may be
                done twice, so it says nothing that must be said once.

        Raises:
            Unreachable: the database does not answer.
            Refused: it lets nobody in with this user, password or tenant.
            SchemaTooNew: a newer version made the schema.
            StoreError: it answers with another error.
        """
        psycopg = _driver()
        process = self._processes.setdefault(os.getpid(), _Process())
        with process.lock:
            self._refuse_while_away()
            began_s = time.monotonic()
            try:
                try:
                    return self._once(process, operation)
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    if process.has_cut or process.connection is None or not process.connection.closed:
                        raise
                    process.connection = None
                    return self._once(process, operation)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                raise self._gone(process, error, time.monotonic() - began_s) from None
            # The second: the schema is there, and not to be entered.
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName) as error:
                raise self._refused(error) from None
            except psycopg.Error as error:
                raise StoreError(
                    f"the store {self.address} cannot be used",
                    found=self._said(error),
                    hint="see what it says of itself: llmeval store check, and the server's own log",
                ) from None

    def take(self, lock: int) -> bool:
        """Take an advisory lock without waiting; True where this process has it, now or from before.

        The server gives it back when the connection ends, however the process does. Raises as ``run``.
        """
        process = self._processes.setdefault(os.getpid(), _Process())
        with process.lock:
            if lock in process.held and process.connection is not None:
                return True
            if not self.run(lambda connection: _has_locked(connection, lock)):
                return False
            process.held.add(lock)
            return True

    def give_back(self, lock: int) -> None:
        """End a lock; nothing happens where this process does not have it, or the connection has ended with it."""
        process = self._processes.get(os.getpid())
        if process is None or lock not in process.held:
            return
        with process.lock, suppress(StoreError):
            process.held.discard(lock)
            self.run(lambda connection: connection.execute("SELECT pg_advisory_unlock(%s)", (lock,)))

    def close(self) -> None:
        """Close this process's connection; a later statement opens a new one."""
        process = self._processes.pop(os.getpid(), None)
        if process is not None:
            process.is_over = True
            if process.connection is not None:
                process.connection.close()

    def _once(self, process: _Process, operation: Callable[[Connection[Any]], T]) -> T:
        if process.connection is None:
            process.connection = self._connected(process)
        with self._watched(process):
            return operation(process.connection)

    def _connected(self, process: _Process) -> Connection[Any]:
        import psycopg

        process.has_cut = False
        connection = psycopg.connect(
            self.address.url,
            autocommit=True,
            connect_timeout=math.ceil(LIMIT_S),
            application_name="pytest-llmeval",
            client_encoding="utf8",
        )
        process.connection = connection
        try:
            with self._watched(process):
                limits = {"search_path": self.address.schema, "statement_timeout": f"{self._limit_s * 1000:.0f}"}
                said = [text for pair in (limits | _SETTINGS).items() for text in pair]
                calls = ", ".join(["set_config(%s, %s, false)"] * (len(said) // 2))
                connection.execute(f"SELECT {calls}".encode(), said)
                schema.bring_up_to_date(connection, self.address, lock_of(self.address.schema, "schema"))
                # What this process held before its connection died; who has taken it meanwhile, keeps it.
                process.held = {lock for lock in process.held if _has_locked(connection, lock)}
        except BaseException:
            process.connection = None
            connection.close()
            raise
        return connection

    @contextmanager
    def _watched(self, process: _Process) -> Iterator[None]:
        """Cut the connection where the server has not answered in time: one that is stopped keeps no limit itself."""
        if process.watcher is None:
            process.watcher = threading.Thread(target=_watch, args=(process,), name="llmeval-store", daemon=True)
            process.watcher.start()
        process.due_s = time.monotonic() + self._limit_s + _LOOKS_S
        try:
            yield
        finally:
            process.due_s = math.inf

    def _refuse_while_away(self) -> None:
        if self._lost_s > _MOST_LOST_S or time.monotonic() < self._again_s:
            raise Unreachable(f"the store {self.address} does not answer", found=self._why)

    def _gone(self, process: _Process, error: Exception, took_s: float) -> StoreError:
        text = self._said(error)
        # The first: it asks for a password, and there is none.
        is_no = getattr(getattr(error, "pgconn", None), "needs_password", False) or "FATAL" in text
        if process.connection is None and is_no and not any(word in text for word in _PASSING):
            return self._refused(error)
        if process.connection is not None:
            process.connection.close()
            process.connection = None
        self._why = f"no answer within {self._limit_s:g} s" if process.has_cut else text
        self._lost_s += took_s
        self._again_s = time.monotonic() + _AGAIN_S
        return Unreachable(
            f"the store {self.address} does not answer", found=self._why, hint="see that it runs: llmeval store check"
        )

    def _refused(self, error: Exception) -> Refused:
        tenant = self.address.tenant
        init = f"llmeval store init{f' --tenant {tenant}' if tenant else ''}"
        return Refused(
            f"the store {self.address} cannot be entered" + (f" for tenant {tenant!r}" if tenant else ""),
            found=self._said(error),
            hint=f"see user, database and password (PGPASSWORD, ~/.pgpass); an administrator's {init} makes the schema",
        )

    def _said(self, error: Exception) -> str:
        return " ".join(self.address.masked(str(error)).split())[:300]


def _driver() -> ModuleType:
    try:
        import psycopg
    except ImportError as error:
        raise UsageError(
            "a store in PostgreSQL needs psycopg, which is not installed, or finds no libpq",
            found=str(error),
            hint="pip install 'pytest-llmeval[postgres]'",
        ) from None
    driver: ModuleType = psycopg
    return driver


def _has_locked(connection: Connection[Any], lock: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,)).fetchone()
    return bool(row and row[0])


def _watch(process: _Process) -> None:
    """Run on a thread of its own, until the link is closed."""
    while not process.is_over:
        time.sleep(_LOOKS_S)
        connection = process.connection
        if time.monotonic() > process.due_s and connection is not None and not process.has_cut:
            process.has_cut = True
            with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as end:
                end.shutdown(socket.SHUT_RDWR)

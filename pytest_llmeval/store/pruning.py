"""Rows taken out of the working cache, beside whoever uses it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.record import shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_llmeval.store.postgres.address import Address

_LOCK_WAIT_S = 30.0
# By time as well: the row of a key that was asked again meanwhile has its old number, and another answer.
_DROP = "DELETE FROM responses WHERE n = ? AND CAST(recorded_at AS BLOB) = ?"
_DROP_DAMAGED = "DELETE FROM responses WHERE n = ? AND CAST(body AS BLOB) IS ?"


def drop(
    place: Path | Address, whole: Collection[tuple[int, str]], damaged: Collection[tuple[int, object]] = ()
) -> int:
    """Take rows out of a working cache, wherever it is; see ``drop_rows``."""
    if isinstance(place, Path):
        return drop_rows(place, whole, damaged)
    from pytest_llmeval.store.postgres import reading

    return reading.drop_rows(place, whole, damaged)


def drop_rows(path: Path, whole: Collection[tuple[int, str]], damaged: Collection[tuple[int, object]] = ()) -> int:
    """Take rows out of the working cache in one transaction, and give their room back where nobody else uses the file.

    What rows share (``setups``) stays: a process that runs now may be about to use it again.

    Args:
        path: of the file.
        whole: number and time of recording of each row.
        damaged: number and body of each row that cannot be read.

    Returns:
        how many went; a row that was recorded anew meanwhile stays.

    Raises:
        StoreError: the file cannot be written; it is as it was.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_LOCK_WAIT_S, isolation_level=None)) as connection:
            execute = connection.execute
            execute("BEGIN IMMEDIATE")
            n_gone = sum(execute(_DROP, (n, recorded_at.encode())).rowcount for n, recorded_at in whole)
            n_gone += sum(execute(_DROP_DAMAGED, row).rowcount for row in damaged)
            execute("COMMIT")
            with suppress(sqlite3.OperationalError):  # in use: the room is kept, and filled again
                execute("VACUUM")
    except sqlite3.Error as error:
        raise StoreError(
            f"the cache {shown(path)} cannot be pruned",
            found=f"{error}; it is as it was",
            hint="see that it can be written, and that no other program holds it open",
        ) from error
    return n_gone

"""Whether a run can store what it is about to pay for."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.folder import make_private
from pytest_llmeval.store.record import shown

if TYPE_CHECKING:
    from pathlib import Path

_N_BYTES = 64 * 1024  # what SQLite and a session need to begin with


def prove(folder: Path) -> None:
    """Write a file into the folder of results and take it away again.

    Args:
        folder: such as ``.llmeval``; made where it is missing.

    Raises:
        StoreError: the folder cannot be made, or the file cannot be written.
    """
    path = folder / f".room.{os.getpid()}.tmp"
    try:
        make_private(folder)
        try:
            path.write_bytes(bytes(_N_BYTES))
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"no result could be stored in {shown(folder)}, so nothing is asked",
            found=error.strerror or str(error),
            hint="make room, or the folder writable, and run again",
        ) from error

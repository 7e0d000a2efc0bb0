"""Who asks: of all processes that share a cache, one alone has the right to send a request."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.folder import make_private
from pytest_llmeval.store.record import shown

if TYPE_CHECKING:
    from pathlib import Path

_N_HEX_DIGITS = 15  # of the key: 60 bits, which fit the 63 of an offset


class Claims:
    """Claims as record locks in one file, a byte a key; the kernel frees them when their process dies, however it dies.

    The locks are the process's, not the thread's: which of its threads asks is not decided here. Closing any descriptor
    of the file would drop all locks of the process: ours are never closed, and nothing else may open the file. Two keys
    that begin alike wait for each other, and no more than that.

    Args:
        path: such as ``.llmeval/claims``; stays empty, made at the first claim.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None  # process, descriptor

    def take(self, key: str) -> bool:
        """Claim a key for this process, without waiting.

        Args:
            key: the cache key, 64 hex digits.

        Returns:
            True where this process has the claim now, or had it before; False where another living process has it.

        Raises:
            StoreError: the file cannot be made or locked.
        """
        try:
            descriptor = self._descriptor()
        except OSError as error:
            raise self._failure(error) from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(key))
        except (BlockingIOError, PermissionError):  # POSIX allows either for "another has it"
            return False
        except OSError as error:
            raise self._failure(error) from error
        return True

    def give_back(self, key: str) -> None:
        """End a claim; nothing happens where this process does not have it."""
        if self._opened is not None and self._opened[0] == os.getpid():
            fcntl.lockf(self._opened[1], fcntl.LOCK_UN, 1, _offset(key))

    def _descriptor(self) -> int:
        """Open the file once a process; a child of a fork leaves its parent's descriptor as it is.

        Two threads may come here at once, and then one descriptor is left open for nothing: no lock, since a fork could
        leave it locked for ever.
        """
        if self._opened is None or self._opened[0] != os.getpid():
            make_private(self._path.parent)
            self._opened = (os.getpid(), os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        return self._opened[1]

    def _failure(self, error: OSError) -> StoreError:
        return StoreError(
            f"requests cannot be claimed in {shown(self._path)}",
            found=error.strerror or str(error),
            hint=f"make {shown(self._path.parent)} a folder that can be written, on a disk that has file locks",
        )


def _offset(key: str) -> int:
    return int(key[:_N_HEX_DIGITS], 16)

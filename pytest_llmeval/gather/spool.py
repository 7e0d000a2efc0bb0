"""Texts that wait for the end of a session: in memory while they are few, then in a file without a name."""

from __future__ import annotations

import errno
import os
from weakref import finalize

_IN_MEMORY_BYTES = 2**20


class Spool:
    """Texts of ASCII by name. Where the disk is full they stay in memory: no result is lost for want of room."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._n_held_bytes = 0
        self._descriptor = -1
        self._has_room = True
        self._n_file_bytes = 0
        self._spans: dict[str, tuple[int, int]] = {}

    def put(self, name: str, text: str) -> None:
        """Keep a text, in place of an older one of that name."""
        data = text.encode("ascii")
        self._held.pop(name, None)
        self._spans.pop(name, None)
        if self._n_held_bytes + len(data) > _IN_MEMORY_BYTES and self._has_room:
            try:
                self._spans[name] = self._written(data)
            except OSError:
                self._has_room = False
            else:
                return
        self._held[name] = data
        self._n_held_bytes += len(data)

    def get(self, name: str) -> str:
        """Return the text of a name.

        Raises:
            KeyError: there is none.
        """
        if name in self._held:
            return self._held[name].decode("ascii")
        offset, length = self._spans[name]
        return os.pread(self._descriptor, length, offset).decode("ascii")

    def _written(self, data: bytes) -> tuple[int, int]:
        if self._descriptor < 0:
            from tempfile import TemporaryFile

            file = TemporaryFile(buffering=0)  # noqa: SIM115 - as long as the spool lives
            finalize(self, file.close)
            self._descriptor = file.fileno()
        span = self._n_file_bytes, len(data)
        if os.pwrite(self._descriptor, data, self._n_file_bytes) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._n_file_bytes += len(data)
        return span

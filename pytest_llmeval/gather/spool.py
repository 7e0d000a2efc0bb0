"""Texts that wait for the end of a session: in memory while they are few, then in a file without a name."""

from __future__ import annotations

import errno
import os
from weakref import finalize

_IN_MEMORY_BYTES = 2**18
_LENGTH_BYTES = 8  # before each text: two numbers a text in memory are a tuple and two objects


class Spool:
    """Texts of ASCII by name. Where the disk is full they stay in memory: no result is lost for want of room."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._n_held_bytes = 0
        self._descriptor = -1
        self._has_room = True
        self._n_file_bytes = 0
        self._offsets: dict[str, int] = {}

    def put(self, name: str, text: str) -> None:
        """Keep a text, in place of an older one of that name."""
        data = text.encode("ascii")
        self._held.pop(name, None)
        self._offsets.pop(name, None)
        if self._n_held_bytes + len(data) > _IN_MEMORY_BYTES and self._has_room:
            try:
                self._offsets[name] = self._written(data)
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
        offset = self._offsets[name]
        length = int.from_bytes(os.pread(self._descriptor, _LENGTH_BYTES, offset), "big")
        return os.pread(self._descriptor, length, offset + _LENGTH_BYTES).decode("ascii")

    def _written(self, data: bytes) -> int:
        if self._descriptor < 0:
            from tempfile import TemporaryFile

            file = TemporaryFile(buffering=0)  # noqa: SIM115 - as long as the spool lives
            finalize(self, file.close)
            self._descriptor = file.fileno()
        offset, record = self._n_file_bytes, len(data).to_bytes(_LENGTH_BYTES, "big") + data
        if os.pwrite(self._descriptor, record, offset) != len(record):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._n_file_bytes += len(record)
        return offset

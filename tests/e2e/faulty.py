"""A server on loopback that is there and of no use: it keeps silent, drips, refuses with 500, or hangs up."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULTS = ("refuses", "silent", "drips", "fails", "hangs up")
_500 = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops"


class Faulty:
    """One such server.

    Attributes:
        url: its address.
        first_s: when it was first connected to, on ``time.monotonic``; None where it never was.
    """

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.first_s: float | None = None
        if fault == "refuses":
            self._socket.close()
        else:
            threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all its connections."""
        self._closing.set()
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._closing.is_set():
                connection, _ = self._socket.accept()
                self.first_s = self.first_s or time.monotonic()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._fault == "hangs up":
                return
            connection.recv(65536)
            if self._fault == "fails":
                connection.sendall(_500)
            # A header that never ends: no single read is slow.
            while not self._closing.wait(0.1) and self._fault != "fails":
                if self._fault == "drips":
                    connection.sendall(b"H")


@contextmanager
def faulty(fault: str) -> Iterator[Faulty]:
    """Run such a server; the one that ``refuses`` has closed its port."""
    server = Faulty(fault)
    try:
        yield server
    finally:
        server.close()

"""Debian's PostgreSQL with passwords, a database for each test, and a wire to it that can be cut or can hang."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "canary-4f1d9c-s3cret"  # noqa: S105 - looked for in everything that is written
_TRIES = 10
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class Server:
    """A server on a free port of loopback; its superuser is ``llmeval``."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAMS, "e2e needs Debian's postgresql"
        self.port = free_port()
        self._folder = folder
        self._data = folder / "pgdata"
        self._data.mkdir()
        self._as_user: list[str] = []
        (folder / "password").write_text(PASSWORD)
        if os.getuid() == 0:  # it refuses to run as root
            for path in (self._data, folder / "password"):
                shutil.chown(path, "postgres")
            for parent in (folder, *folder.parents):
                if parent.owner() == "root" and parent.is_relative_to("/tmp"):  # noqa: S108 - pytest's own folder
                    parent.chmod(parent.stat().st_mode | 0o011)
            self._as_user = ["runuser", "-u", "postgres", "--"]
        access = ["-U", "llmeval", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}"]
        self._run("initdb", "-D", str(self._data), *access, "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self._data} -F"
        start = ["pg_ctl", "-D", str(self._data), "-o", options, "-w", "-l", str(self._data / "log"), "start"]
        for _ in range(_TRIES):
            with suppress(subprocess.CalledProcessError):  # while it was stopped, somebody was given its port
                self._run(*start)
                return
            time.sleep(1)
        raise AssertionError((self._data / "log").read_text())

    def stop(self) -> None:
        """Stop it as a power cut would."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def url(self, database: str, *, port: int = 0, user: str = "llmeval", password: str = PASSWORD) -> str:
        """Return the address of a database, through a wire where a port is given."""
        return f"postgresql://{user}{':' if password else ''}{password}@127.0.0.1:{port or self.port}/{database}"

    @property
    def shown(self) -> str:
        """The address of its first database, as we show it."""
        return self.url("postgres", password="")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(PROGRAMS[-1] / program), *arguments]
        # Not a pipe: the server would inherit it, and keep it open.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")  # noqa: S603


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a server of one's own."""
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):  # a test has stopped it
            server.stop()


def sql(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Do to the database what no code of ours does; return its rows."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(statement.encode(), values or None)
        return done.fetchall() if done.description else []


class Wire:
    """A port of loopback that hands everything on to another one, until it is told to hang.

    Attributes:
        port: where to connect to.
        is_hanging: nothing is handed on; connections are taken, and stay open.
        n_trips: how often somebody asked what has an answer: what is sent before it has come is one question.
    """

    def __init__(self, target: int) -> None:
        self.is_hanging = False
        self.n_trips = 0
        self._target = target
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Cut everything."""
        for end in (self._door, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                threading.Thread(target=self._join, args=(near, far), daemon=True).start()

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        last = far
        with suppress(OSError, ValueError):
            while True:
                for end in select.select([near, far], [], [], 0.05)[0]:
                    if self.is_hanging:
                        continue
                    data = end.recv(65536)
                    if not data:
                        other[end].close()
                        end.close()
                        return
                    self.n_trips += end is near and last is far
                    last = end
                    other[end].sendall(data)

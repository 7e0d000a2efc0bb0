"""Debian's own Pushgateway and Prometheus, started on free ports of loopback and stopped by their process."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PATIENCE_S = 60.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def eventually(look: Callable[[], Any]) -> Any:
    """Return what ``look`` returns as soon as it is something; a server takes its time to start and to scrape."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            found = look()
        except (URLError, ConnectionError):
            found = None
        if found or time.monotonic() > until:
            return found
        time.sleep(0.1)


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """Run Debian's Pushgateway; its address."""
    port = free_port()
    # Debian's keeps what was pushed in a file of the system's, unless told otherwise.
    arguments = [f"--web.listen-address=127.0.0.1:{port}", f"--persistence.file={folder / 'pushed'}"]
    with _running("prometheus-pushgateway", *arguments, folder=folder):
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: urlopen(f"{url}/-/ready").status == 200)  # noqa: S310 - our own
        yield url


@contextmanager
def prometheus(folder: Path, config: Path) -> Iterator[Prometheus]:
    """Run Debian's Prometheus with a configuration."""
    port = free_port()
    arguments = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with _running("prometheus", *arguments, f"--web.listen-address=127.0.0.1:{port}", folder=folder):
        server = Prometheus(f"http://127.0.0.1:{port}")
        assert eventually(lambda: urlopen(f"{server.url}/-/ready").status == 200)  # noqa: S310 - our own
        yield server


class Prometheus:
    """Asks Prometheus over its HTTP interface."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the samples of an expression, now."""
        return self._get(f"query?{urlencode({'query': expr})}")["result"]

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in self._get("alerts")["alerts"] if alert["state"] == "firing"}

    def _get(self, path: str) -> Any:
        with urlopen(f"{self.url}/api/v1/{path}") as answer:  # noqa: S310 - our own
            return json.load(answer)["data"]


@contextmanager
def _running(program: str, *arguments: str, folder: Path) -> Iterator[None]:
    found = shutil.which(program)
    assert found, f"e2e needs Debian's {program}"
    with (folder / f"{program}.log").open("w") as log:
        process = subprocess.Popen([found, *arguments], cwd=folder, stdout=log, stderr=log)  # noqa: S603 - ours
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)

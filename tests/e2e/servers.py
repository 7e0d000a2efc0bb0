"""Real servers, started on free ports of loopback and stopped by their process: Debian's, and MLflow's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE_S = 180.0
# Its workers for jobs of its own import litellm seven times, which asks the network for prices.
_QUIET = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}


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
    with running("prometheus-pushgateway", *arguments, folder=folder):
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: urlopen(f"{url}/-/ready").status == 200)  # noqa: S310 - our own
        yield url


@contextmanager
def prometheus(folder: Path, config: Path) -> Iterator[Prometheus]:
    """Run Debian's Prometheus with a configuration."""
    port = free_port()
    arguments = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with running("prometheus", *arguments, f"--web.listen-address=127.0.0.1:{port}", folder=folder):
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
def postgres(folder: Path) -> Iterator[str]:
    """Run Debian's PostgreSQL with an empty database; its URL, as SQLAlchemy reads it."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert programs, "e2e needs Debian's postgresql"
    data, port = folder / "pgdata", free_port()
    data.mkdir()
    # It refuses to run as root.
    as_user = []
    if os.getuid() == 0:
        shutil.chown(data, "postgres")
        for parent in folder.parents:
            if parent.owner() == "root" and parent.is_relative_to("/tmp"):  # noqa: S108 - pytest's own folder
                parent.chmod(parent.stat().st_mode | 0o011)
        folder.chmod(0o755)
        as_user = ["runuser", "-u", "postgres", "--"]
    initdb = [*as_user, str(programs[-1] / "initdb"), "-D", str(data), "-U", "llmeval", "-A", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/")  # noqa: S603 - ours
    arguments = ["-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(data), "-F"]
    with running(*as_user, str(programs[-1] / "postgres"), *arguments, folder=folder, cwd="/"):
        assert eventually(lambda: _answers(port))
        yield f"postgresql+psycopg://llmeval@127.0.0.1:{port}/postgres"


@contextmanager
def mlflow(folder: Path, store: str) -> Iterator[str]:
    """Run MLflow's server on a store; its address."""
    port = free_port()
    arguments = ["-m", "mlflow", "server", "--backend-store-uri", store, "--host", "127.0.0.1", "--port", str(port)]
    arguments += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    with running(sys.executable, *arguments, folder=folder, env={**os.environ, **_QUIET}):
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: urlopen(f"{url}/health").status == 200)  # noqa: S310 - our own
        yield url


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


@contextmanager
def running(
    program: str, *arguments: str, folder: Path, cwd: str | None = None, env: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a program while the block runs; what it says stands in a file of its name in the folder."""
    found = shutil.which(program)
    assert found, f"e2e needs Debian's {program}"
    with (folder / f"{Path(program).name}.log").open("w") as log:
        process = subprocess.Popen([found, *arguments], cwd=cwd or folder, env=env, stdout=log, stderr=log)  # noqa: S603 - ours
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)

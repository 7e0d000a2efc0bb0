"""The services of a compose file without its images, really run: their commands, names, ports and health checks.

Each service is started by the program that its image would start, with the arguments and the environment that the file
gives it, in a network of its own where the names of the services are known. What differs from compose: the programs are
Debian's and PyPI's, a path in a container is one below ``folder``, and all share one loopback.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose"
# Importing MLflow on a machine where much else runs takes minutes.
_PATIENCE_S = 300.0
_VARIABLE = re.compile(r"\$\{(\w+)(?::?([-?])([^}]*))?\}")
# Image to the program that it starts.
_PROGRAMS = {
    "prometheus": ["prometheus"],
    "alertmanager": ["prometheus-alertmanager"],
    "pushgateway": ["prometheus-pushgateway"],
    "mlflow": [sys.executable, "-m"],
}
_READY = 'ip link set lo up && mount --bind "$1" /etc/hosts && echo ready && exec sleep 3600'


def example() -> dict[str, str]:
    """Return what ``.env.example`` sets, with a password of its own where it is empty."""
    lines = re.findall(r"^(\w+)=(.*)$", (COMPOSE / ".env.example").read_text(), re.MULTILINE)
    return {name: value or f'sk-it\'s "{name}" @/:%&' for name, value in lines}


def read(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the compose file with its variables put in, as compose does.

    Raises:
        KeyError: a variable that has no default is missing or empty.
    """

    def value(match: re.Match[str]) -> str:
        name, kind, word = match.groups()
        if not variables.get(name) and kind == "?":
            raise KeyError(name)
        return variables.get(name) or word or ""

    def put_in(node: Any) -> Any:
        if isinstance(node, str):
            return _VARIABLE.sub(value, node)
        if isinstance(node, dict):
            return {key: put_in(child) for key, child in node.items()}
        return [put_in(child) for child in node] if isinstance(node, list) else node

    return put_in(yaml.safe_load((COMPOSE / "compose.yaml").read_text()))


class Stack:
    """Services in one network."""

    def __init__(self, folder: Path, prefix: list[str], variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.services = read(variables)["services"]
        self._prefix = prefix

    def run(self, *command: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command among the services."""
        argv = self._within(cwd or self.folder, command)
        env = {**os.environ, **environment}
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603

    def get(self, url: str, **headers: str) -> tuple[int, str]:
        """Return status and body of a page, asked for among the services."""
        arguments = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
        done = self.run("curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments, url)
        assert 0 == done.returncode, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    @contextmanager
    def up(self, name: str) -> Iterator[None]:
        """Run a service until it is healthy, by its own health check, and while the block runs."""
        service = self.services[name]
        with self._postgres(service) if name == "postgres" else self._program(name, service):
            self._await(name, service["healthcheck"]["test"])
            yield

    @contextmanager
    def _program(self, name: str, service: dict[str, Any]) -> Iterator[None]:
        places = {target: str(place) for target, place in self._volumes(name, service)}
        pattern = re.compile(rf"(?<==)({'|'.join(map(re.escape, places))})(?=/|$)")
        words = [pattern.sub(lambda match: places[match[0]], word) for word in service["command"]]
        cwd = self._folder(name)
        argv = self._within(cwd, [*_PROGRAMS[name], *words])
        with running(*argv, folder=cwd, env={**os.environ, **service.get("environment", {})}):
            yield

    @contextmanager
    def _postgres(self, service: dict[str, Any]) -> Iterator[None]:
        """As its image does: a password for all who come over TCP, then the scripts, then the server."""
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
        data, words = self._folder("postgres"), ["runuser", "-u", "postgres", "--"]
        secrets = service["environment"]
        (data / "password").write_text(secrets["POSTGRES_PASSWORD"])
        shutil.chown(data, "postgres")
        for parent in [data, *data.parents]:
            if parent.is_relative_to("/tmp") and parent != Path("/tmp"):  # noqa: S108 - pytest's own folders
                parent.chmod(parent.stat().st_mode | 0o011)
        settings = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={data / 'password'}", "--no-sync"]
        made = self.run(*words, str(programs / "initdb"), f"--pgdata={data / 'data'}", "--username=postgres", *settings)
        assert 0 == made.returncode, made.stderr
        server = [*words, str(programs / "postgres"), "-D", str(data / "data"), "-h", "*", "-k", str(data), "-F"]
        with running(*self._within(data, server), folder=data.parent):
            self._await("postgres", service["healthcheck"]["test"])
            scripts = [at for to, at in self._volumes("postgres", service) if "initdb.d" in to]
            for script in scripts:
                done = self.run(str(script), PGHOST=str(data), **secrets)
                assert 0 == done.returncode, done.stderr
            yield

    def _volumes(self, name: str, service: dict[str, Any]) -> Iterator[tuple[str, Path]]:
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            yield target, (COMPOSE / source).resolve() if source.startswith(".") else self._folder(f"{name}-{source}")

    def _folder(self, name: str) -> Path:
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name

    def _await(self, name: str, test: list[str]) -> None:
        assert "CMD" == test[0]
        program = [sys.executable] if test[1] == "python3" else [test[1]]
        deadline_s = time.monotonic() + _PATIENCE_S
        while (done := self.run(*program, *test[2:])).returncode:
            assert time.monotonic() < deadline_s, f"{name} is not healthy: {done.stderr}"
            time.sleep(0.2)

    def _within(self, cwd: Path, command: Any) -> list[str]:
        return [*self._prefix, "env", f"--chdir={cwd}", *command]


@contextmanager
def network(folder: Path, variables: Mapping[str, str]) -> Iterator[Stack]:
    """Make a network where each service of the compose file is known by its name, and nothing else is reached."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(read(variables)['services'])}\n")
    argv = ["unshare", "--net", "--mount", "--propagation=private", "sh", "-c", _READY, "sh", str(hosts)]
    with ExitStack() as stack:
        holder = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))  # noqa: S603
        stack.callback(holder.terminate)
        assert holder.stdout is not None
        assert "ready\n" == holder.stdout.readline()
        yield Stack(folder, ["nsenter", f"--target={holder.pid}", "--net", "--mount"], variables)

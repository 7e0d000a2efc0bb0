"""The compose file and the images: by the published schema, without a default password, open to this machine only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = DEPLOY / "compose"
TEXT = (COMPOSE / "compose.yaml").read_text("utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
IMAGES = sorted(DEPLOY.glob("**/Dockerfile"))
SCRIPTS = sorted(DEPLOY.glob("**/*.sh"))
each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def _run(program: str, *arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment's own."""
    command = [str(Path(sys.executable).parent / program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)  # noqa: S603 - ours


def _config(folder: Path, without: str = "") -> subprocess.CompletedProcess[str]:
    """Let an implementation of compose read the file, with every password but one."""
    shutil.copytree(COMPOSE, folder / "compose")
    lines = (COMPOSE / ".env.example").read_text().splitlines()
    filled = [f"{line}a-secret" if line.endswith("=") and line != f"{without}=" else line for line in lines]
    (folder / "compose" / ".env").write_text("\n".join(filled))
    # It asks podman for its version before it reads anything, and needs no more of it here.
    podman = folder / "podman"
    podman.write_text("#!/bin/sh\necho podman version 5.0.0\n")
    podman.chmod(0o755)
    profiles = ["--profile=tracking", "--profile=gateway", "--profile=monitoring", "--profile=store"]
    return _run("podman-compose", f"--podman-path={podman}", *profiles, "config", cwd=folder / "compose")


def test_the_file_is_what_compose_reads():
    """By the schema of the Compose Specification."""
    done = _run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE / "compose.yaml"
    )
    assert 0 == done.returncode, done.stdout


def test_an_implementation_of_compose_reads_it(tmp_path):
    """All profiles, with the variables of ``.env.example`` filled in; nothing is left to be put in."""
    done = _config(tmp_path)
    assert 0 == done.returncode, done.stderr
    assert set(SERVICES) == set(yaml.safe_load(done.stdout)["services"])
    assert "${" not in done.stdout


def _required() -> set[str]:
    return set(re.findall(r"\$\{(\w+):\?", TEXT))


@pytest.mark.parametrize("name", sorted(_required()))
def test_without_a_password_nothing_starts(name, tmp_path):
    """An empty line of ``.env.example`` stops compose, which names it."""
    done = _config(tmp_path, without=name)
    assert 0 != done.returncode
    assert name in done.stderr


def test_every_variable_is_used_and_every_used_one_is_in_the_example():
    """With the very default that the file gives, where it gives one."""
    example = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", (COMPOSE / ".env.example").read_text(), re.MULTILINE))
    used = {name: default or "" for name, default in re.findall(r"\$\{(\w+)(?::-([^}]*)|:?[-?][^}]*)?\}", TEXT)}
    assert used == example


def test_no_secret_has_a_value_or_a_default():
    """Passwords, keys and salts come from the environment, by ``${NAME:?…}`` or, for a provider's, ``${NAME-}``."""
    secrets = {
        (name, key): value
        for name, service in SERVICES.items()
        for key, value in service.get("environment", {}).items()
        if re.search("PASSWORD|KEY|SALT", key)
    }
    assert secrets
    wrong = [at for at, value in secrets.items() if not re.fullmatch(r"\$\{\w+(:\?[^}]+|-)\}", value)]
    assert [] == wrong


@each_service
def test_a_service_is_pinned_checked_and_has_no_more_rights_than_it_needs(name):
    """A tag with a version, a health check, a profile, no capability, no way to gain one."""
    service = SERVICES[name]
    assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", service["image"])
    assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert {"tracking", "gateway", "monitoring", "store"} >= set(service["profiles"])
    assert (["ALL"], ["no-new-privileges:true"]) == (service["cap_drop"], service["security_opt"])


@each_service
def test_a_port_is_published_on_loopback_only(name):
    """Whoever wants more puts something in front that asks who comes."""
    ports = SERVICES[name]["ports"]
    assert [] == [port for port in ports if not port.startswith("127.0.0.1:")]


def test_every_named_volume_network_and_mounted_file_is_there():
    """A path that is not there would be made as an empty folder, owned by root."""
    whole = yaml.safe_load(TEXT)
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert [] == [path for path in mounts if path.startswith(".") and not (COMPOSE / path).exists()]
    assert set(whole["volumes"]) == {path for path in mounts if not path.startswith(".")}
    assert set(whole["networks"]) == {name for service in SERVICES.values() for name in service["networks"]}


def test_whatever_our_configurations_name_is_a_service():
    """Prometheus, Grafana and MLflow find each other by the names of this file."""
    texts = [path.read_text() for path in (DEPLOY / "prometheus/prometheus.yml", *DEPLOY.glob("grafana/prov*/*/*.yml"))]
    named = set(re.findall(r'(?:"|//)([a-z]+):(\d+)', "\n".join(texts)))
    assert named
    ports = {name: SERVICES[name]["ports"][0].rpartition(":")[2] for name, _ in named}
    assert named == set(ports.items())


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.parent.name)
def test_an_image_passes_the_linter_and_is_not_root(path):
    """By hadolint; and its last user is a number, which a cluster can check."""
    done = _run("hadolint", "--no-color", path)
    assert 0 == done.returncode, done.stdout
    assert re.findall(r"^USER (.+)$", path.read_text(), re.MULTILINE)[-1:] == ["10001:10001"]
    base = r"^(FROM |ARG PYTHON=)docker.io/library/python:3\.11\.\d+-slim-bookworm$"
    assert re.search(base, path.read_text(), re.MULTILINE)


def test_the_trackers_image_says_which_version_is_in_it():
    """Its tag is the version of MLflow that it installs."""
    (version,) = re.findall(r"^mlflow==(\S+)$", (COMPOSE / "mlflow/requirements.txt").read_text(), re.MULTILINE)
    assert f"llmeval-mlflow:{version}" == SERVICES["mlflow"]["image"]


def test_what_an_image_copies_is_let_into_its_context():
    """The runner's context is the whole repository, of which nothing else is let in."""
    text = (DEPLOY / "runner/Dockerfile").read_text()
    copied = {
        name
        for names in re.findall(r"^COPY (?:--chmod=755 )?([^-].*) /\S+$", text, re.MULTILINE)
        for name in names.split()
    }
    assert {True} == {(DEPLOY.parent / name).exists() for name in copied}
    let_in = re.findall(r"^!(.+)$", (DEPLOY / "runner/Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert set(let_in) == {re.sub(r"\w+\.sh$", "*.sh", name) for name in copied}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_passes_the_linter(path):
    """By shellcheck."""
    done = _run("shellcheck", path)
    assert 0 == done.returncode, done.stdout
    assert path.stat().st_mode & 0o111

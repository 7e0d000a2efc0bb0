"""No socket but the provider's, nothing that is read can run, and files are their owner's (FAULTS 24, 29, 30)."""

import ast
import os
import pickle
import stat
from pathlib import Path

import pytest

import pytest_llmeval

ROOT = Path(pytest_llmeval.__file__).parent

# Python's own door to every socket and every name: what goes through it is written down.
WATCH = """
import socket, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        with open({log!r}, "a") as log:
            log.write(event + " " + repr(arguments[1:] if event != "socket.getaddrinfo" else arguments) + "\\n")

sys.addaudithook(watch)
"""


@pytest.fixture
def watched(project, loopback, monkeypatch):
    """A project with a recording, and a log of what its Python asks the network for."""
    log = project.path / "sockets.log"
    project.write("watching/sitecustomize.py", WATCH.format(log=str(log)))
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    project.write(
        "test_suite.py",
        "from pytest_llmeval import assert_safe\n\ndef test_one(llm):\n    assert_safe(llm('Hi, how are you?'))\n",
    )
    monkeypatch.setenv("PYTHONPATH", str(project.path / "watching"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    project.run_apart("-p", "no:cacheprovider").assert_outcomes(passed=1)
    asked = log.read_text()
    log.unlink()
    return project, log, asked


def test_a_live_run_asks_the_provider_and_nobody_else(watched, loopback):
    """So the watch sees what there is to see."""
    _, _, asked = watched
    port = loopback.url.removesuffix("/v1").rpartition(":")[2]
    assert f"('127.0.0.1', {port})" in asked
    assert [] == [line for line in asked.splitlines() if "127.0.0.1" not in line]


def test_who_calls_nobody_opens_no_socket(watched):
    """Not for a price list, not for a version, not for telemetry; nor do the commands, which read files."""
    project, log, _ = watched
    for args in (["--help"], ["--version"], ["--co", "-q"], ["--llmeval-cache=replay", "--llmeval-report=prom"]):
        # pytest-rerunfailures opens a port for itself.
        assert 0 == project.run_apart("-p", "no:cacheprovider", "-p", "no:rerunfailures", *args).ret
        assert not log.exists(), [args, log.read_text()]
    for command in (["cache", "ls"], ["cache", "verify"], ["cache", "export", "-"], ["--help"]):
        assert 0 == project.pytester.run("llmeval", *command).ret
        assert not log.exists(), [command, log.read_text()]


def test_what_is_stored_outside_git_is_its_owners_only(watched):
    """Whatever the umask: folders 0700, files 0600."""
    project, _, _ = watched
    everything = [project.path / ".llmeval", *(project.path / ".llmeval").rglob("*")]
    assert 5 <= len(everything)
    ignore = ".gitignore"  # says nothing of anybody
    assert [] == [path for path in everything if path.name != ignore and stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_nothing_that_is_read_can_run():
    """No pickle, marshal or shelve, no eval, no loader of YAML that makes objects; exec of our own lines only."""
    modules = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
    calls = {"eval", "exec", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}
    found = []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = set()
            if isinstance(node, ast.Import):
                names = modules.intersection(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names = modules.intersection([str(node.module).partition(".")[0]])
            elif isinstance(node, ast.Call):
                names = calls.intersection([ast.unparse(node.func)])
            found += [f"{path.relative_to(ROOT)}: {name}" for name in names]
    # Each of these runs lines that it has made of names in our own source, and of no data.
    assert ["gather/codec.py: exec", "gather/trace.py: exec", "records/frozen.py: exec"] == sorted(found)


class Planted:
    """What makes a file when it is unpickled."""

    def __reduce__(self):
        """As pickle would have it."""
        return os.system, ("touch ran",)


def test_a_planted_pickle_is_refused_wherever_we_read(watched):
    """The same file ran a command in another tool's cache."""
    project, _, _ = watched
    for place in (".llmeval/llmeval.db", "recordings/test_suite.jsonl", "baselines/test_suite/test_one.jsonl"):
        path = project.path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(Planted()) + b"\n")

        result = project.run_apart("--llmeval-cache=replay", "--llmeval-gate=pr", "-p", "no:cacheprovider")
        listed = project.pytester.run("llmeval", "cache", "verify")

        path.unlink()
        assert 0 != result.ret
        assert not (project.path / "ran").exists()
        said = result.stdout.str() + result.stderr.str() + listed.stdout.str() + listed.stderr.str()
        assert "Traceback" not in said

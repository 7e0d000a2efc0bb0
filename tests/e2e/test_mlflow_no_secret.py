"""No key in what is recorded to MLflow: runs, parameters, traces; nor in what is said of a server that is not there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pytest_llmeval.loopback import Loopback, Reply, by_question

pytestmark = pytest.mark.e2e

KEY = "sk-canary-mlflow-0123456789"
SUITE = """
import os
from pytest_llmeval import assert_score

KEY = os.environ["OPENAI_API_KEY"]

def test_repeats(llm):
    assert_score("n", 1, output=llm("repeat it"), reason="found " + KEY, detail={"line": KEY})

def test_fails(llm):
    assert llm("fail").text

def test_own_error(llm):
    llm("hello").text
    raise RuntimeError("refused: " + KEY)
"""


def _run(folder, *args):
    environment = {**os.environ, "OPENAI_API_KEY": KEY}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *args]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture
def folder(tmp_path):
    """A project whose provider repeats the key in answers and errors."""
    replies = {"repeat": f"You sent {KEY}.", "fail": Reply(f"bad key {KEY}", status=401), "": "fine"}
    with Loopback(by_question(replies)) as server:
        ini = f"llmeval_model = openai/m\nllmeval_api_base = {server.url}\n"
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}")
        (tmp_path / "test_suite.py").write_text(SUITE)
        yield tmp_path


def test_no_key_is_in_the_database_of_mlflow(folder):
    """In no table of it, and in no other file."""
    done = _run(folder, "--llmeval-mlflow")

    assert (folder / ".llmeval" / "mlflow.db").stat().st_size > 0, done.stdout
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [] == [path.name for path in files if KEY.encode() in path.read_bytes()]
    # pytest's own line of the user's exception is the user's.
    assert [] == [line for line in done.stdout.splitlines() if KEY in line and "refused: " not in line]


def test_a_server_that_is_not_there_is_named_without_its_password(folder):
    """The verdict is what it was, and the address is shown without what may be a secret."""
    done = _run(folder, f"--llmeval-mlflow=http://ada:{KEY}@127.0.0.1:1/")

    assert "MLflow" in done.stdout
    assert [] == [line for line in done.stdout.splitlines() if KEY in line and "refused: " not in line]
    assert KEY not in done.stderr

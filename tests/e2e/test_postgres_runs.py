"""Runs of pytest that share one PostgreSQL, on one machine and on two: what one has paid for, the other replays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pytest_llmeval.gather import session_file
from pytest_llmeval.loopback import Loopback, Reply

pytestmark = pytest.mark.e2e

SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("number", range(6))
def test_case(llm, number):
    answer = llm(f"question {number}", max_tokens=10)
    assert_score("answers", float("answer" in answer.text), output=answer)
"""


class Machine:
    """A checkout of the project in a folder of its own, as another machine has it."""

    def __init__(self, folder: Path, provider: Loopback, store: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.store = store
        ini = f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {provider.url}\n"
        (folder / "pytest.ini").write_text(f"{ini}llmeval_prices = openai/m: 1 input, 1 output\n")
        (folder / "test_suite.py").write_text(SUITE)

    def start(self, *args: str, **environment: str) -> subprocess.Popen[str]:
        """Start pytest, without recordings: what is not in the store is asked."""
        given = {"LLMEVAL_STORE": self.store, "LLMEVAL_RECORDINGS": "", "OPENAI_API_KEY": "key", **environment}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
        return subprocess.Popen(  # noqa: S603 - ourselves
            command,
            cwd=self.folder,
            env={**os.environ, **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *args: str, **environment: str) -> tuple[int, str]:
        """Run pytest to its end; return its exit status, and what it said."""
        process = self.start(*args, **environment)
        said = process.communicate(timeout=120)[0]
        assert "Traceback" not in said, said
        assert "INTERNALERROR" not in said, said
        return process.returncode, said

    def passes(self, *args: str, **environment: str) -> str:
        """Run pytest to its end, which is to be a good one; return what it said."""
        status, said = self.run(*args, **environment)
        assert 0 == status, said
        return said

    @property
    def session(self):
        """The newest session."""
        return session_file.read(self.folder / ".llmeval" / "session.jsonl")


@pytest.fixture
def provider():
    """A provider that answers every question, after a while where it says so."""
    with Loopback(lambda body: Reply(f"answer to {body['messages'][-1]['content']}", latency_s=0.2)) as server:
        yield server


@pytest.fixture
def machine(tmp_path, provider, store):
    """Make machines, by name."""
    return lambda name, url=store: Machine(tmp_path / name, provider, url)


def asked(provider):
    """How often each question was put to the provider."""
    return Counter(received.body["messages"][-1]["content"] for received in list(provider.requests))


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one-process", "n2"])
def test_what_one_machine_has_paid_for_another_replays(machine, provider, workers):
    """Nothing is asked twice, and no file of answers is left on either."""
    machine("a").passes(*workers)
    b = machine("b")
    b.passes(*workers)
    assert {f"question {n}": 1 for n in range(6)} == asked(provider)
    assert {"replayed"} == {call.provenance for result in b.session.results for t in result.trials for call in t.calls}
    assert [] == list(b.folder.glob(".llmeval/*.db"))

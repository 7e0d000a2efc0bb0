"""Machines of a team: checkouts of one project, each in a folder of its own, that share a store."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.gather import session_file

if TYPE_CHECKING:
    from pytest_llmeval.loopback import Loopback

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

    def command(self, *args: str, **environment: str) -> tuple[int, str]:
        """Run the command ``llmeval``; return its exit status, and what it said."""
        given = {"LLMEVAL_STORE": self.store, "LLMEVAL_RECORDINGS": "", **environment}
        code = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-c", code, *args],
            cwd=self.folder,
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        return done.returncode, said

    def says(self, *args: str, **environment: str) -> str:
        """Run the command ``llmeval``, which is to be obeyed; return what it said."""
        status, said = self.command(*args, **environment)
        assert 0 == status, said
        return said

    def passes(self, *args: str, **environment: str) -> str:
        """Run pytest to its end, which is to be a good one; return what it said."""
        status, said = self.run(*args, **environment)
        assert 0 == status, said
        return said

    @property
    def session(self):
        """The newest session."""
        return session_file.read(self.folder / ".llmeval" / "session.jsonl")

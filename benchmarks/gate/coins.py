"""A user's project in a folder of its own, run by real pytest processes; its provider tosses a coin for each answer."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.gather import session_file
from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites import Scores

    from pytest_llmeval.records import Json

MAIN, HERE = "main", "here"
N_ON_MAIN = 10
RIGHT, WRONG = "right", "wrong"
SERIAL, TWO_WORKERS = ("-p", "no:xdist"), ("-n", "2")

SUITE = """\
import pytest
from app import VERSION
from pytest_llmeval import assert_score


async def is_right(text):
    return text == "right"


@pytest.mark.llmeval(cases="cases.jsonl")
def test_case(llm, llm_case):
    answer = llm(llm_case.input, system=VERSION)
    assert_score("right", is_right, output=answer)
"""
_ON_MAIN = (f"--llmeval-trials={N_ON_MAIN}", "--llmeval-baseline-update")
_ON_BRANCH = ("--llmeval-trials=auto", "--llmeval-gate=pr")
_GREEN, _RED = 0, 1
_SHOWN = 2000
_HANGS_S = 300
# What would make pytest replay only, compare with a base commit, or obey somebody else's settings.
_FOREIGN = ("CI", "GITHUB_", "LLMEVAL_", "PYTEST_", "PYTHONDONTWRITEBYTECODE", "OPENAI_")


class WrongRunError(Exception):
    """A pytest did not end as a session does that was decided; its outcome would mean nothing."""


@dataclass(frozen=True)
class Session:
    """What one session on the branch came to.

    Args:
        is_red: exit status 1.
        verdict: of the session file, a word.
        named: cases that it names as regressed.
        n_calls: that the provider was asked, in all.
    """

    is_red: bool
    verdict: str
    named: frozenset[int]
    n_calls: int


class Coins(Loopback):
    """A provider whose answer is right as often as the case's rate says, which depends on the version that asks.

    A toss is a digest of seed, version, case and how often that case was asked before, so which process asks when
    changes nothing in what a case has scored after so many trials.

    Args:
        seed: of every toss.
        rates: by version, how often each case is answered rightly, in [0, 1].
    """

    def __init__(self, seed: int, rates: Mapping[str, Scores]) -> None:
        super().__init__(self._toss)
        self._seed = seed
        self._rates = rates
        self._asked: Counter[tuple[str, int]] = Counter()
        self._counting = threading.Lock()

    def _toss(self, asked: Mapping[str, Json]) -> str:
        version, question = (str(message["content"]) for message in asked["messages"])
        case = int(question.removeprefix("case "))
        with self._counting:
            self._asked[version, case] += 1
            nth = self._asked[version, case]
        coin = hashlib.sha256(f"{self._seed} {version} {case} {nth}".encode()).digest()
        return RIGHT if int.from_bytes(coin[:8]) / 2**64 < self._rates[version][case] else WRONG

    def n_asked(self, version: str) -> int:
        """Return how many calls a version has cost."""
        return sum(n for (who, _), n in self._asked.items() if who == version)


class Project:
    """The project, and the processes that run its tests.

    Args:
        folder: empty.
        provider: that it asks.
        n_cases: of its one test.
    """

    def __init__(self, folder: Path, provider: Coins, n_cases: int) -> None:
        self._folder = folder
        self._provider = provider
        self._write("pytest.ini", f"[pytest]\nllmeval_model = openai/coins\nllmeval_api_base = {provider.url}\n")
        self._write("test_suite.py", SUITE)
        cases = ({"id": str(case), "input": f"case {case}"} for case in range(n_cases))
        self._write("cases.jsonl", "".join(f"{json.dumps(case)}\n" for case in cases))

    def draw_baseline(self, way: tuple[str, ...]) -> None:
        """Draw the trials on main, and store them as the baseline.

        Args:
            way: in which processes.

        Raises:
            WrongRunError: it was not stored.
        """
        self._run(MAIN, (*_ON_MAIN, *way), allowed=(_GREEN,))

    def run_session(self, way: tuple[str, ...]) -> Session:
        """Run the tests of the branch with adaptive trials behind the gate.

        Args:
            way: in which processes.

        Raises:
            WrongRunError: neither green nor red.
        """
        status = self._run(HERE, (*_ON_BRANCH, *way), allowed=(_GREEN, _RED))
        verdict = session_file.read(self._folder / ".llmeval" / "session.jsonl").verdict
        if verdict is None or (status == _RED) != (verdict.verdict is Verdict.REGRESSED):
            raise WrongRunError(f"exit status {status} where the verdict is {verdict and verdict.verdict.value}")
        cases = (case for comparison in verdict.comparisons for case in comparison.cases)
        return Session(
            is_red=status == _RED,
            verdict=verdict.verdict.value,
            named=frozenset(int(case.id.case) for case in cases if case.verdict is Verdict.REGRESSED),
            n_calls=self._provider.n_asked(HERE),
        )

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")

    def _run(self, version: str, arguments: tuple[str, ...], *, allowed: tuple[int, ...]) -> int:
        self._write("app.py", f"VERSION = {version!r}\n")
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pytest", "-q", f"--rootdir={self._folder}", *arguments],
            cwd=self._folder,
            env={name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)},
            capture_output=True,
            text=True,
            timeout=_HANGS_S,
            check=False,
        )
        if done.returncode not in allowed:
            raise WrongRunError(f"exit status {done.returncode}\n{(done.stdout + done.stderr)[-_SHOWN:]}")
        return done.returncode


@contextmanager
def project(seed: int, before: Scores, now: Scores) -> Iterator[Project]:
    """Make a project whose provider is up within.

    Args:
        seed: of every toss.
        before: how often each case passes on main, in [0, 1].
        now: how often on the branch.
    """
    rates = {MAIN: before, HERE: now}
    with tempfile.TemporaryDirectory(prefix="llmeval-bench-") as folder, Coins(seed, rates) as provider:
        yield Project(Path(folder).resolve(), provider, len(before))

"""How the promises are tested: a small project of a user, run by a real pytest, read back from its session file."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import pytest_llmeval
from pytest_llmeval.gather import session_file
from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import CheckId, Json, Session

# Imported before any pytest runs within this process: pytester forgets what was imported in one, so each would import
# it again, and numpy refuses to be imported twice.
for name in ("hypothesis", "numpy", "pydantic", "rich.console", "scipy.stats"):
    import_module(name)
for module in walk_packages(pytest_llmeval.__path__, "pytest_llmeval."):
    # What draws the pages needs Streamlit, which no pytest of a user's ever sees.
    if not module.name.endswith((".litellm", ".mlflow", ".__main__")) and ".ui.pages." not in module.name:
        import_module(module.name)

_HANGS_S = 60
WAYS = {"no-xdist": ("-p", "no:xdist"), "n0": ("-n0",), "n2": ("-n2",)}


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Each promise that touches workers holds without xdist, without workers and with two."""
    return request.param


class Project:
    """A user's project in a folder of its own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *args: str) -> pytest.RunResult:
        """Run pytest, in this process where it starts no workers, and refuse a traceback of ours."""
        starts_workers = any(arg.startswith("-n") and arg != "-n0" for arg in args)
        run = self.pytester.runpytest_subprocess if starts_workers else self.pytester.runpytest_inprocess
        result = run(*args)
        everything = result.stdout.str() + result.stderr.str()
        assert "INTERNALERROR" not in everything, everything
        assert "Traceback (most recent call last)" not in everything, everything
        return result

    def run_apart(self, *args: str, **kwargs: float) -> pytest.RunResult:
        """Run pytest in a process of its own, as users do."""
        result = self.pytester.runpytest_subprocess(*args, timeout=_HANGS_S, **kwargs)
        everything = result.stdout.str() + result.stderr.str()
        assert "INTERNALERROR" not in everything, everything
        return result

    @property
    def session(self) -> Session:
        """The newest session."""
        return session_file.read(self.path / ".llmeval" / "session.jsonl")

    def scores(self) -> dict[tuple[CheckId, int], float | None]:
        """Every score of the newest session by check and trial; trial -1 is the case's own."""
        found: dict[tuple[CheckId, int], float | None] = {}
        for result in self.session.results:
            pairs = [(trial.index, check) for trial in result.trials for check in trial.checks]
            for index, check in [*pairs, *((-1, check) for check in result.checks)]:
                found[CheckId(*result.id, check.score.metric, check.nth), index] = check.value
        return found


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project with an ini file."""
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    pytester.makeini("[pytest]\nllmeval_model = openai/echo\n")
    return Project(pytester)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A provider that echoes the question."""
    with Loopback() as server:
        yield server


class Repository:
    """A project as a git repository.

    Attributes:
        base: the commit that a test's branch has left, once there is one.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.base = ""
        self.git("init", "-q", "-b", "main")
        project.write(".gitignore", ".llmeval/\n__pycache__/\n.pytest_cache/\n/clone/\n/event.json\n")

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """Run git as a user who has a name, and return what it prints."""
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(  # noqa: S603 - git itself
            ["git", *identity, *args],  # noqa: S607 - the machine's own
            cwd=cwd or self.project.path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit all there is, and return the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(project: Project) -> Repository:
    """The project as a git repository without a commit."""
    return Repository(project)


@pytest.fixture
def sentences() -> Callable[[pytest.RunResult], str]:
    """Read what a run printed as one text, however its lines were wrapped."""
    return lambda result: " ".join(result.stdout.str().split())


@pytest.fixture
def github_event(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Be in a pull request on GitHub: of ``head``, a repository by name, to the main branch of acme/app."""

    def enter(head: str | None, base_sha: str = "") -> None:
        pull_request = {
            "base": {"ref": "main", "sha": base_sha, "repo": {"full_name": "acme/app"}},
            "head": {"repo": head and {"full_name": head}},
        }
        path = project.write("event.json", json.dumps({"pull_request": pull_request}))
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))
        monkeypatch.setenv("GITHUB_BASE_REF", "main")

    return enter


class Provider(Loopback):
    """Answers with the question's first word; "@0.3" in the question is how many seconds that takes.

    Attributes:
        peak: most requests that were in flight at a time.
    """

    def __init__(self) -> None:
        super().__init__(self._first_word)
        self.peak = 0
        self._n_now = 0
        self._counting = threading.Lock()

    @property
    def questions(self) -> list[str]:
        """What was asked, in the order of arrival."""
        return [str(received.body["messages"][-1]["content"]) for received in list(self.requests)]

    def _first_word(self, asked: Mapping[str, Json]) -> str:
        question = str(asked["messages"][-1]["content"])
        takes = re.search(r"@([0-9.]+)", question)
        with self._counting:
            self._n_now += 1
            self.peak = max(self.peak, self._n_now)
        self.wait(float(takes[1]) if takes else 0.0)
        with self._counting:
            self._n_now -= 1
        return question.split(maxsplit=1)[0]


@pytest.fixture
def provider(project: Project) -> Iterator[Provider]:
    """A provider with a latency, which the project asks; ``from graded import number`` is an async metric there."""
    with Provider() as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        project.write("graded.py", "async def number(text):\n    return float(text)\n")
        yield server


_JUDGED = """
import json, os
import pytest
from pytest_llmeval import assert_rubric

@pytest.mark.parametrize("n", range(len(json.loads(os.environ["ANSWERS"]))))
def test_answer(n):
    assert_rubric(json.loads(os.environ["ANSWERS"])[n], "It is good.")
"""


@pytest.fixture
def judged(project, monkeypatch):
    """Run a suite whose answers are graded by a judge on loopback; no key is set anywhere."""

    def run(model, answers, *args, suite=_JUDGED, ini=""):
        with Loopback(model) as server:
            project.write(
                "pytest.ini",
                f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = http://127.0.0.1:1/v1\n{ini}",
            )
            monkeypatch.setenv("LLMEVAL_JUDGE_API_BASE", server.url)
            monkeypatch.setenv("ANSWERS", json.dumps(answers))
            project.write("test_suite.py", suite)
            result = project.run("-p", "no:xdist", *args)
            return result, list(server.requests)

    return run

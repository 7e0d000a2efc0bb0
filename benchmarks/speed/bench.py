"""What every row needs: a folder, an environment that is the same for all sides, suites in it, and commands."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from process import Command, Usage, WrongRunError

if TYPE_CHECKING:
    from endpoint import Endpoint

HERE = Path(__file__).parent
OURS = ("llmeval", "xdist", "xdist.looponfail")
# Bytecode is written and tests are not ordered by earlier failures: as in a second run of a clean checkout.
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
WITHOUT = ("-p", "no:llmeval")
QUICK_ROUNDS = 2

SILENCE = {
    "DO_NOT_TRACK": "1",
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
    "LANGSMITH_TEST_TRACKING": "false",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_SHARE_WARNING": "1",
    # Its debug log is written to after it was closed: two of five runs ended with that error.
    "PROMPTFOO_DISABLE_DEBUG_LOG": "1",
}


def foreign_plugins() -> list[str]:
    """Return ``-p no:NAME`` for the other pytest plug-ins of this environment.

    anyio's, which arrives with httpx, doubles what bare pytest costs; beside it we would look cheap.
    """
    names = sorted({found.name for found in entry_points(group="pytest11")} - set(OURS))
    return [argument for name in names for argument in ("-p", f"no:{name}")]


@dataclass
class Bench:
    """Where and how the rows are measured.

    Args:
        folder: everything is written below it.
        pairs: rounds of every row; None for each row's own number.
        is_quick: few rounds and small sizes, to try the machinery.
        extra_environment: what seals the network, where no namespace does.
    """

    folder: Path
    pairs: int | None = None
    is_quick: bool = False
    extra_environment: dict[str, str] = field(default_factory=dict)
    _n_suites: int = 0

    def rounds(self, usual: int) -> int:
        """Return how many rounds a row takes."""
        return self.pairs or (QUICK_ROUNDS if self.is_quick else usual)

    def environment(self, **more: str | int) -> dict[str, str]:
        """Return all of the environment of a measured process; of the caller's only PATH survives."""
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "PYTHONSAFEPATH": "1",
            "OPENAI_API_KEY": "bench",
            **SILENCE,
            **self.extra_environment,
            **{name: str(value) for name, value in more.items()},
        }

    def suite(self, name: str, ini: str = "") -> Path:
        """Copy a suite into a folder of its own, which is its rootdir, and return that."""
        return self._copy(HERE / "suites" / name, ini)

    def peer_folder(self, *names: str) -> Path:
        """Copy a peer's files into a folder of its own, and return that."""
        folder = self._new_folder(names[0].split(".")[0])
        for name in names:
            shutil.copy(HERE / "peers" / name, folder)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        return folder

    def pytest(self, folder: Path, n_tests: int, *arguments: str, timeout_s: float = 900.0) -> Command:
        """Return a run of a suite that must pass ``n_tests`` tests."""
        return Command(
            argv=[*PYTEST, *foreign_plugins(), *arguments],
            folder=folder,
            environment=self.environment(BENCH_TESTS=n_tests),
            says="" if "--collect-only" in arguments else f"{n_tests} passed",
            timeout_s=timeout_s,
        )

    def program(self, script: Path, endpoint: Endpoint, n_tests: int, connections: int) -> Command:
        """Return a run of a program that must grade ``n_tests`` cases."""
        return Command(
            argv=[sys.executable, str(script)],
            folder=self.folder,
            environment=self.environment(BENCH_TESTS=n_tests, BENCH_CONNECTIONS=connections, BENCH_URL=endpoint.url),
            says=f"{n_tests} graded",
        )

    def _copy(self, source: Path, ini: str) -> Path:
        folder = self._new_folder(source.name)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        (folder / "pytest.ini").write_text("[pytest]\n" + ini, encoding="utf-8")
        return folder

    def _new_folder(self, name: str) -> Path:
        self._n_suites += 1
        folder = self.folder / f"{self._n_suites:02}-{name}"
        folder.mkdir(parents=True)
        return folder


def settings(endpoint: Endpoint, *, client: str = "", connections: int = 50) -> str:
    """Return the ini lines of a suite of ours: model and judge at the endpoint, nothing kept for git."""
    return "\n".join(
        [
            f"llmeval_model = {client}openai/bench",
            f"llmeval_judge = {client}openai/judge",
            f"llmeval_api_base = {endpoint.url}",
            f"llmeval_judge_api_base = {endpoint.url}",
            f"llmeval_concurrency = {connections}",
            "llmeval_recordings =",
            "",
        ]
    )


def watched(
    command: Command, endpoint: Endpoint, *, n_requests: int, connections: int, is_cold: bool = True
) -> Callable[[], Usage]:
    """Return a run of which the endpoint can tell that it asked for everything, and for nothing twice.

    Args:
        command: what is run.
        endpoint: whom it asks.
        n_requests: how often it must ask.
        connections: most requests that may be open at one time.
        is_cold: forget before each run what was stored by the one before.

    Raises:
        WrongRunError: when run: the endpoint saw something else.
    """

    def run() -> Usage:
        if is_cold:
            shutil.rmtree(command.folder / ".llmeval", ignore_errors=True)
        endpoint.reset()
        usage = command.run()
        seen = endpoint.stats()
        if seen["n_requests"] != n_requests or seen["peak"] > connections:
            raise WrongRunError(f"expected {n_requests} requests, {connections} at a time; the endpoint saw {seen}")
        return usage

    return run

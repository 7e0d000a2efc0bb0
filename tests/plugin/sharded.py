"""A session on several machines: each shard is run in a checkout of its own, and what they leave is merged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

MAIN = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"


class Machines:
    """N machines that share nothing but the project's files.

    Args:
        project: whose suite they run.
        n: how many there are.
    """

    def __init__(self, project, n: int) -> None:
        self.project = project
        self.n = n
        self.files: list[Path] = []
        self.outputs: list[str] = []

    def run(self, number: int, *args: str, keep_as: str = "") -> int:
        """Run one shard where nothing of another one is known; keep its session, and return its exit status."""
        folder = self.project.path / ".llmeval"
        shutil.rmtree(folder, ignore_errors=True)
        before = {path: path.read_bytes() for path in self.project.path.rglob("recordings/*")}
        result = self.project.run(*args, f"--llmeval-shard={number}/{self.n}")
        for path in self.project.path.rglob("recordings/*"):
            path.unlink() if path not in before else path.write_bytes(before[path])
        self.outputs.append(result.stdout.str())
        if (folder / "session.jsonl").exists():
            path = self.project.path / "artifacts" / f"{keep_as or number}.jsonl"
            path.parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / "session.jsonl", path)
            self.files.append(path)
        return int(result.ret)

    def run_all(self, *args: str) -> list[int]:
        """Run all of them, and return their exit statuses."""
        return [self.run(number, *args) for number in range(1, self.n + 1)]

    def merge(self, *args: str, files=None) -> subprocess.CompletedProcess:
        """Merge on a machine that has run nothing."""
        shutil.rmtree(self.project.path / ".llmeval", ignore_errors=True)
        return llmeval(self.project, "merge", *map(str, self.files if files is None else files), *args)


def llmeval(project, *args: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the command in the project."""
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", MAIN, *args],
        cwd=project.path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done

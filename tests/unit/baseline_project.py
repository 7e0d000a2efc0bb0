"""A project in a git checkout, with sessions that pytest has left; for the tests of ``llmeval baseline``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.commands import main
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import CaseResult, Check, CheckId, Plan, PlannedCase, Score, Session, Trial
from pytest_llmeval.store import baselines

if TYPE_CHECKING:
    import pytest

    from pytest_llmeval.records import Line

TEST = "tests/test_support.py::test_support"
OTHER = "tests/test_other.py::test_other"
EU = CheckId(TEST, "refund-eu", "solved")
US = CheckId(TEST, "refund-us", "solved")
ELSE = CheckId(OTHER, "", "solved")
NOON = "2026-01-31T12:00:00Z"
NOON_S = 1_769_860_800


def result_of(id_: CheckId, *values: float | None, origin: str = "", **fields: object) -> CaseResult:
    """Return a case with one check in each trial; ``origin`` begins the origin of each draw."""
    scores = [Score(metric=id_.metric, value=value, reason="no answer") for value in values]
    trials = tuple(
        Trial(index=index, checks=(Check(score=score, threshold=0.5, origin=f"{origin}{index}" if origin else ""),))
        for index, score in enumerate(scores)
    )
    nodeid = f"{id_.test}[{id_.case}]" if id_.case else id_.test
    return CaseResult(
        **{"nodeid": nodeid, "id": id_.case_id, "input_hash": "h", "n_planned": len(trials), "trials": trials, **fields}
    )


def session_of(*results: CaseResult, **fields: object) -> Session:
    """Return a session of these results."""
    plan = Plan(cases={r.nodeid: PlannedCase(id=r.id, n_trials=r.n_planned) for r in results})
    return Session(**{"id": "s1", "started_at": NOON, "plan": plan, "results": results, **fields})


class Checkout:
    """A project with a baseline in ``baselines``, in a git checkout of its own."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(root.parent / "gitconfig"))
        monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
        (root.parent / "gitconfig").write_text(
            "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
        )
        (root / "tests").mkdir(parents=True)
        (root / "pytest.ini").write_text("[pytest]\n")
        (root / ".gitignore").write_text(".llmeval/\n")
        monkeypatch.chdir(root)
        self.root = root
        self.folder = root / "baselines"
        self._capsys = capsys
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        """Run git as a person does."""
        done = subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True)  # noqa: S603, S607
        return done.stdout.strip()

    def commit(self, subject: str = "a change") -> str:
        """Commit all that stands there, and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def write(self, name: str, text: str, *, at_s: float = NOON_S - 60) -> Path:
        """Write a file, by default before every session."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (at_s, at_s))
        return path

    def leave(self, session: Session) -> None:
        """Leave a session behind, as pytest does."""
        session_file.write(session, self.root / ".llmeval")

    def run(self, *results: CaseResult, **fields: object) -> None:
        """Leave a session of the present commit behind."""
        try:
            commit = self.git("rev-parse", "--quiet", "--verify", "HEAD")
        except subprocess.CalledProcessError:
            commit = ""
        self.leave(session_of(*results, **{"commit": commit, **fields}))

    def call(self, *arguments: str, status: int = 0) -> str:
        """Call ``llmeval baseline``, and return what it says, each run of blanks as one."""
        self._capsys.readouterr()
        told = main(["baseline", *arguments])
        out, err = self._capsys.readouterr()
        assert status == told, out + err
        return "\n".join(" ".join(line.split()) for line in (out + err).splitlines())

    def accept(self, *arguments: str) -> str:
        """Accept what the last session has."""
        return self.call("accept", "--reason", "first", *arguments)

    @property
    def lines(self) -> dict[CheckId, Line]:
        """What is stored."""
        return dict(baselines.read(self.folder).lines)

    @property
    def scores(self) -> dict[CheckId, tuple[float, ...]]:
        """The scores that are stored."""
        return {id_: line.scores for id_, line in self.lines.items()}

    def bytes(self) -> dict[str, bytes]:
        """Every file of the baseline's folder."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}

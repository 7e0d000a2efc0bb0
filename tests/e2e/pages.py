"""A project whose sessions the pages of ``llmeval ui`` show: small, but with everything that a page has a place for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pytest_llmeval.gather import session_file
from pytest_llmeval.records import CaseResult, Session
from tests.unit.sessions import SUPPORT, answer, case, relevance, session

OLD, NEW = "20260130T120000Z-aaaaaaaa", "20260131T120000Z-bbbbbbbb"


def answered(name: str, scores: tuple[float, ...], text: str, *, reason: str = "") -> CaseResult:
    """Return a case whose checks know which answers they judged."""
    calls = tuple(
        answer(f"{text} {index}", trial=index, origin=f"{name} {text} {index}") for index in range(len(scores))
    )
    checks = tuple(relevance(score, call.text) for score, call in zip(scores, calls, strict=True))
    if reason:
        checks = tuple(replace(check, score=replace(check.score, reason=reason)) for check in checks)
    checks = tuple(replace(check, origin=call.origin) for check, call in zip(checks, calls, strict=True))
    return case(SUPPORT, name, "support", checks, calls)


def write_project(root: Path, *more: Session, ini: str = "") -> Path:
    """Write a project with two sessions, and further ones; return its root."""
    (root / "pytest.ini").write_text(f"[pytest]\nllmeval_model = openai/m\n{ini}", encoding="utf-8")
    old = (answered("a", (0.9, 0.8, 0.9), "Within 30 days, yes."), answered("b", (0.9, 0.3, 0.9), "In two days."))
    new = (answered("a", (0.1, 0.2, 0.1), "I am a language model."), answered("b", (0.9, 0.3, 0.9), "In three days."))
    for one in (
        session(id=OLD, results=old, started_at="2026-01-30T12:00:00+00:00"),
        session(id=NEW, results=new),
        *more,
    ):
        session_file.write(one, root / ".llmeval")
    return root


def labels(root: Path) -> list[dict[str, object]]:
    """Return the lines of the project's file of labels."""
    path = root / "labels.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

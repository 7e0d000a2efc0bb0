"""Prometheus' own checker reads our metrics file."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from pytest_llmeval.exports.prometheus import render
from pytest_llmeval.records import Plan
from tests.unit.sessions import RELEVANCE, session

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"verdict": None, "branch": ""},
        {"results": (), "summaries": (), "verdict": None, "plan": Plan()},
        {"summaries": (replace(RELEVANCE, suite='"\\\n}{ \x1b[31m' + "x" * 500),), "branch": "ветка/\ud800"},
    ],
    ids=["full", "no gate, no branch", "empty", "hostile names"],
)
def test_promtool_has_no_complaint(changes: dict[str, object]) -> None:
    """``promtool check metrics`` exits 0 and says nothing: format, names, units and labels are Prometheus' own."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607  # wherever Debian puts it
        input=render(session(**changes)),
        capture_output=True,
        check=False,
    )

    assert (0, b"", b"") == (checked.returncode, checked.stdout, checked.stderr)

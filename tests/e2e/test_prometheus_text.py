"""Prometheus' own checker reads our metrics file."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from prometheus_client import generate_latest

from pytest_llmeval.exports.prometheus import groups, render
from pytest_llmeval.records import Plan
from tests.unit.sessions import JUDGED, RELEVANCE, session

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"verdict": None, "branch": ""},
        {"results": (), "summaries": (), "verdict": None, "plan": Plan()},
        {"summaries": (replace(RELEVANCE, suite='"\\\n}{ \x1b[31m' + "x" * 500),), "branch": "ветка/\ud800"},
        {"summaries": JUDGED},
    ],
    ids=["full", "no gate, no branch", "empty", "hostile names", "judged"],
)
def test_promtool_has_no_complaint(changes: dict[str, object]) -> None:
    """``promtool check metrics`` exits 0 and says nothing: format, names, units and labels are Prometheus' own."""
    _check(render(session(**changes)))


def test_promtool_has_no_complaint_about_what_is_pushed() -> None:
    """The groups of a gateway, progress among them."""
    for _, registry in groups(session(summaries=JUDGED)):
        _check(generate_latest(registry))


def _check(text: bytes) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607  # wherever Debian puts it
        input=text,
        capture_output=True,
        check=False,
    )

    assert (0, b"", b"") == (checked.returncode, checked.stdout, checked.stderr)

"""``--llmeval-report=html`` as a user asks for it: what stands beside it, and what a failing report changes."""

from __future__ import annotations

import sys

import pytest

from pytest_llmeval.exports import html
from tests.unit.documents import Document

SUITE = """\
import os
from pytest_llmeval import assert_score

def test_refund(llm):
    answer = llm(os.environ["QUESTION"])
    assert_score("days", float(answer.text == "fourteen"), threshold=0.5, output=answer)
"""


@pytest.fixture
def shop(project, provider, monkeypatch):
    """A project whose baseline answers "fourteen", in which the next run answers "thirty"."""
    project.write("test_shop.py", SUITE)
    monkeypatch.setenv("QUESTION", "fourteen days?")
    assert 0 == project.run_apart("--llmeval-trials=3", "--llmeval-baseline-update").ret
    monkeypatch.setenv("QUESTION", "thirty days?")
    return project


def report(project, name: str = ".llmeval/llmeval.html") -> Document:
    """Return the report in a file."""
    return Document((project.path / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("gate", ["pr", "off"])
def test_both_answers_stand_side_by_side(shop, way, gate) -> None:
    """The baseline's comes from the recordings: with and without a gate, and whoever ran the tests."""
    result = shop.run(*way, "--llmeval-trials=3", f"--llmeval-gate={gate}", "--llmeval-report=html")

    found = report(shop)
    assert ["fourteen"] == found.all_texts("del")
    assert ["thirty"] == found.all_texts("ins")
    assert f"exit status {int(result.ret)}" in found.text
    assert found.all_texts("th").count("baseline") == (3 if gate == "pr" else 2)
    assert "thirty days?" in found.text


def test_without_recordings_the_session_that_drew_it_is_asked(shop, way) -> None:
    """And where neither is left, the report says that the answer is not here."""
    for path in (shop.path / "recordings").iterdir():
        path.unlink()
    shop.run(*way, "--llmeval-trials=3", "--llmeval-gate=pr", "--llmeval-report=html")
    assert ["fourteen"] == report(shop).all_texts("del")

    for path in (shop.path / ".llmeval" / "sessions").iterdir():
        path.unlink()
    shop.run(*way, "--llmeval-trials=3", "--llmeval-gate=pr", "--llmeval-report=html:out/page.html")
    assert [] == report(shop, "out/page.html").all_texts("del")
    assert "the baseline's answer is not on this machine" in report(shop, "out/page.html").text


def test_earlier_sessions_are_its_trend(shop) -> None:
    """Those on this machine; a selection is none of them."""
    for _ in range(2):
        shop.run("--llmeval-trials=3", "--llmeval-report=html")
    shop.run("--llmeval-trials=3", "-k", "refund", "--llmeval-report=html")

    found = report(shop)
    (told,) = {a["aria-label"] for a in found.all("svg") if a.get("class") == "trend"}
    assert "4 sessions, from 1.000 to 0.000, lowest 0.000" == told


def test_where_no_text_may_be_written_none_is_in_the_report(shop, provider, monkeypatch) -> None:
    """``llmeval_store_texts=false`` holds for every file that we write."""
    monkeypatch.setenv("LLMEVAL_STORE_TEXTS", "false")
    monkeypatch.setenv("QUESTION", "unspeakable days?")
    shop.run("--llmeval-report=html:here.html")

    assert "unspeakable" not in (shop.path / "here.html").read_text(encoding="utf-8")


def test_a_report_that_fails_changes_nothing(shop, monkeypatch) -> None:
    """Neither where it cannot be written, nor where the extra is missing: a line by name, and the same exit status."""
    expected = shop.run("--llmeval-trials=3", "--llmeval-gate=pr").ret
    shop.write("file", "")
    unwritable = shop.run("--llmeval-trials=3", "--llmeval-gate=pr", "--llmeval-report=html:file/page.html")

    html._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    missing = shop.run("--llmeval-trials=3", "--llmeval-gate=pr", "--llmeval-report=html")
    html._environment.cache_clear()

    assert [expected] * 2 == [unwritable.ret, missing.ret]
    unwritable.stdout.fnmatch_lines(["llmeval: html was not written; the session is safe in *: no report *"])
    missing.stdout.fnmatch_lines(
        [
            "llmeval: html was not written; *: no HTML report: jinja2 is not installed",
            "*",
            "  pip install 'pytest-llmeval[[]html]'",
        ]
    )

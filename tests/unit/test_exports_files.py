"""A report takes the place of an older one whole, or not at all."""

from __future__ import annotations

import stat

import pytest

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import files
from pytest_llmeval.exports.fitting import Part, fit


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path):
    """And no half of a new one beside it."""
    path = tmp_path / "report.md"
    path.mkdir()
    with pytest.raises(LlmevalError, match="no report"):
        files.put(path, "new", kind="md")
    assert [path] == list(tmp_path.iterdir())


def test_a_lone_surrogate_is_a_question_mark(tmp_path):
    """It is no UTF-8."""
    files.put(tmp_path / "r.md", "a\ud800b", kind="md")
    assert "a?b" == (tmp_path / "r.md").read_text("utf-8")


def test_who_may_read_a_file_can_be_said(tmp_path):
    """Where prompts are in it."""
    files.replace(tmp_path / "x", b"x", mode=0o600)
    assert 0o600 == stat.S_IMODE((tmp_path / "x").stat().st_mode)


def test_the_lightest_list_is_shortened_first():
    """And what has no list stays."""
    light = Part(head=["light"], items=[["a" * 50]] * 8, total=8, noun="cases", weight=1)
    heavy = Part(head=["heavy"], items=[["b" * 50]] * 8, total=8, noun="lines", weight=2)
    page = fit([heavy, light, Part(head=["end"])], 600)
    assert 8 == page.count("b" * 50)
    assert 600 >= len(page)
    assert "lines left out" not in page
    assert page.endswith(f"{8 - page.count('a' * 50)} more cases left out\nend\n")
    assert "heavy\n\n8 more lines left out\nlight\n\n8 more cases left out\nend\n" == fit(
        [heavy, light, Part(head=["end"])], 10
    )

"""What GitHub Actions is told: annotations that cannot be forged, and a summary that is never too long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import github, markdown
from pytest_llmeval.records import Place, Score, SessionVerdict, Verdict
from tests.unit.sessions import REFUND_ID, SUPPORT, answer, case, relevance, session

REFUND = (
    "::error file=app/tests/test_support.py,line=31,title=llmeval relevance::tests/test_support.py::test_refund[eu] "
    "relevance: 0.300, threshold 0.6, 1 of 5 reach it; regressed: 0.900 on the baseline, because shares 20%25 of the "
    "question's words"
)


def test_a_regressed_case_is_an_error_on_the_line_of_its_check():
    """And the exit status is one without a line."""
    found = github.commands(session(exit_status=1, exit_line="exit status 1: a metric regressed", folder="app/"))
    assert ["::error title=llmeval::exit status 1: a metric regressed", REFUND] == found


def test_what_is_below_and_failed_nothing_is_a_warning():
    """With the gate on it is the verdict that decides."""
    low = case(SUPPORT, "eu", "support", (relevance(0.1),), (answer("x"),))
    verdict = SessionVerdict(verdict=Verdict.UNCHANGED)
    found = github.commands(session(results=(replace(low, outcome="passed"),), verdict=verdict, exit_status=0))
    assert ["::warning file=tests/test_support.py,line=31,title=llmeval relevance"] == [
        line.rpartition("::tests")[0] for line in found
    ]


def test_a_check_that_sees_less_is_a_warning():
    """No reviewer may miss it."""
    verdict = SessionVerdict(verdict=Verdict.UNCHANGED, sentences=("UNCHANGED a.", f"LOWERED {REFUND_ID}: 0.7, 0.5."))
    found = github.commands(session(results=(), verdict=verdict, exit_status=0))
    assert [f"::warning title=llmeval::LOWERED {REFUND_ID}: 0.7, 0.5."] == found


def test_of_many_the_last_says_how_many_more_there_are():
    """GitHub shows ten errors of a step, and drops the others without a word."""
    low = [case(SUPPORT, str(n), "support", (relevance(0.1),), (answer("x"),)) for n in range(30)]
    found = github.commands(session(results=tuple(low), verdict=None, exit_status=1, exit_line="exit status 1: x"))
    assert 10 == len(found)
    assert "::error title=llmeval::and 22 more; the summary names them" == found[-1]


def test_text_of_others_forges_no_annotation():
    """Neither a line of its own nor a property."""
    hostile = "x\n::error file=a.py,line=1::pwned\r\n%0A::warning::y,line=9"
    check = replace(relevance(0.1), score=Score(metric=hostile, value=0.1, reason=hostile), place=Place(hostile, 3, ""))
    result = case(hostile, hostile, hostile, (check,), (answer(hostile),))
    found = github.commands(session(results=(result,), verdict=None, exit_status=1, exit_line=hostile))
    assert ["::error", "::error"] == [line.split(" ", 1)[0] for line in found]
    assert not any("\n" in line or "\r" in line for line in found)
    properties = found[1].split(" ", 1)[1].split("::", 1)[0]
    assert ["file", "line", "title"] == [part.partition("=")[0] for part in properties.split(",")]
    assert "%250A" in found[0]


def test_a_summary_is_appended_to_what_stands_there(tmp_path):
    """Other commands of the step have written theirs."""
    path = tmp_path / "summary"
    path.write_text("# Before\n", encoding="utf-8")
    github.add_summary(session(), path)
    assert f"# Before\n\n{markdown.render(session())}" == path.read_text(encoding="utf-8")


def test_a_summary_takes_the_room_that_is_left(tmp_path):
    """And says so by name where there is none."""
    path = tmp_path / "summary"
    path.write_bytes(b"x" * (1024 * 1024 - 5_000))
    low = [case(SUPPORT, str(n), "support", (relevance(0.1),), (answer("x"),)) for n in range(30)]
    github.add_summary(session(results=tuple(low)), path)
    assert 1024 * 1024 >= path.stat().st_size > 1024 * 1024 - 5_000
    path.write_bytes(b"x" * 1024 * 1024)
    with pytest.raises(LlmevalError, match="the summary of this step is full"):
        github.add_summary(session(), path)

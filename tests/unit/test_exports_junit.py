"""What a CI system reads of the gate: a test case for the verdict and one a metric, valid XML whatever was said."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.exports import junit
from pytest_llmeval.records import FloorBreach, Score, SessionVerdict, Verdict
from tests.unit.sessions import REGRESSED, SUPPORT, answer, case, relevance, session
from tests.unit.test_exports_terminal import hostile_session


def cases(found) -> dict[str, list[str]]:
    """Return the test cases by name, and what became of each."""
    suite = ET.fromstring(junit.render(found)).find("testsuite")  # noqa: S314 - our own file
    tags = ("failure", "error", "skipped")
    counts = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    for tag in tags:
        assert suite.get(counts[tag]) == str(len(suite.findall(f"testcase/{tag}")))
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    return {
        f"{one.get('classname')}.{one.get('name')}": [
            f"{tag}: {node.get('message')}" for tag in tags for node in one.findall(tag)
        ]
        for one in suite.findall("testcase")
    }


def test_a_regression_fails_the_gate_and_the_metric():
    """Every other metric stands for itself."""
    expected = {
        "llmeval.gate": ["failure: exit status 1: a metric regressed"],
        "llmeval.support.relevance": ["failure: regressed: the mean changed by -0.300"],
        "llmeval.summaries.faithfulness": ["skipped: no baseline"],
    }
    assert expected == cases(session(exit_status=1, exit_line="exit status 1: a metric regressed"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"verdict": None, "exit_status": 1, "exit_line": "exit status 1: 2 tests failed"},
            ["skipped: no gate: thresholds decided, 1 of 3 cases passed, 2 failed"],
        ),
        (
            {"exit_status": 6, "exit_line": "exit status 6: no verdict is possible: x", "lost": ("a.py::t",)},
            ["error: exit status 6: no verdict is possible: x"],
        ),
        (
            {
                "exit_status": 7,
                "exit_line": "exit status 7: undecided, and the gate is strict",
                "verdict": replace(REGRESSED, verdict=Verdict.UNDECIDED),
            },
            ["failure: exit status 7: undecided, and the gate is strict"],
        ),
        (
            {
                "exit_status": 1,
                "exit_line": "exit status 1: below",
                "verdict": None,
                "floors": (FloorBreach(suite="support", metric="relevance", floor=0.7, mean=0.55),),
            },
            ["failure: exit status 1: below"],
        ),
        ({"exit_status": 0, "verdict": SessionVerdict(verdict=Verdict.UNCHANGED)}, []),
        # A test failed, which stands in pytest's own file; the gate is open.
        ({"exit_status": 1, "verdict": SessionVerdict(verdict=Verdict.UNCHANGED)}, []),
    ],
    ids=["no-gate", "no-verdict", "strict", "floor", "open", "test-failed"],
)
def test_the_gate_is_a_test_case_of_its_own(changes, expected):
    """It fails, has an error, is skipped or passes, as the exit status does."""
    assert expected == cases(session(**changes))["llmeval.gate"]


def test_a_metric_below_its_floor_fails():
    """With the figures in its message."""
    floor = FloorBreach(suite="support", metric="relevance", floor=0.7, mean=0.55)
    found = cases(session(verdict=None, exit_status=1, exit_line="x", floors=(floor,)))
    assert ["failure: the mean of relevance, 0.55, is below its floor 0.7"] == found["llmeval.support.relevance"]


def test_a_test_has_its_scores_as_properties():
    """Mean, threshold and each trial; and why, where it is below."""
    (_, refund, summary) = session().results
    expected = {
        "llmeval.relevance": "0.3",
        "llmeval.relevance.threshold": "0.6",
        "llmeval.relevance.reached": "1 of 5 trials",
        "llmeval.relevance.scores": "0.2 0.2 0.2 0.2 0.7",
        "llmeval.relevance.reason": "shares 20% of the question's words",
    }
    assert expected == dict(junit.properties(refund))
    assert "1 0.666667" not in dict(junit.properties(summary))["llmeval.faithfulness.scores"]


def test_an_unscored_check_is_no_number():
    """Its property says why."""
    check = replace(relevance(0.1), score=Score.unscored("relevance", "the judge timed out"))
    result = case(SUPPORT, "eu", "support", (check,), (answer("x"),))
    assert {"llmeval.relevance": "unscored: the judge timed out"} == dict(junit.properties(result))


def test_hostile_text_is_text():
    """No element, and no line that a CI system obeys, comes out of it."""
    text = junit.render(hostile_session())
    assert 3 == text.count("<testcase ")
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert "##vso[" not in text


@given(st.text())
@settings(max_examples=200)
def test_any_text_gives_valid_xml(text):
    """Control characters, surrogates and what is no character of XML are dropped or replaced."""
    check = replace(relevance(0.1), score=Score(metric=text, value=0.1, reason=text))
    result = case(SUPPORT, text, text, (check,), (answer(text),))
    verdict = SessionVerdict(verdict=Verdict.REGRESSED, sentences=(text, text))
    cases(session(results=(result,), verdict=verdict, branch=text, exit_line=text, exit_status=1))
    for name, value in junit.properties(result):
        ET.fromstring(ET.tostring(ET.Element("property", name=name, value=value)))  # noqa: S314 - our own text

"""Scores stand in the file of pytest's own --junitxml, whichever worker ran the test and whenever its checks landed."""

from __future__ import annotations

from xml.etree import ElementTree as ET

TEST = """
import pytest
from pytest_llmeval import assert_relevance

@pytest.mark.llmeval(trials=2)
def test_checked(llm):
    assert_relevance(llm("Paris is the capital"), question="What is Paris?", threshold=0.1)

def test_other(record_property):
    record_property("mine", 1)
"""


def _properties(path) -> dict[str, dict[str, str]]:
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - pytest's own file
    return {
        case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in root.iter("testcase")
    }


def test_every_llm_test_has_its_scores_and_no_other_test_has_any(project, provider, way):
    """Also where its checks landed after its run, and beside what the user recorded."""
    project.write("test_a.py", TEST)
    assert 0 == project.run(*way, "--junitxml=junit.xml", "-o", "junit_family=xunit1").ret
    found = _properties(project.path / "junit.xml")
    assert {"mine": "1"} == found["test_other"]
    assert [
        "llmeval.relevance",
        "llmeval.relevance.threshold",
        "llmeval.relevance.reached",
        "llmeval.relevance.scores",
    ] == [*found["test_checked"]]
    assert "2 of 2 trials" == found["test_checked"]["llmeval.relevance.reached"]


def test_the_gate_has_a_file_of_its_own(project, provider, way):
    """It repeats none of the tests that stand in pytest's."""
    project.write("test_a.py", TEST)
    project.run(*way, "--junitxml=junit.xml", "--llmeval-report=junit:gate.xml")
    assert {"gate", "relevance"} == set(_properties(project.path / "gate.xml"))
    assert {"test_checked", "test_other"} == set(_properties(project.path / "junit.xml"))


def test_a_suite_without_llm_tests_has_the_file_that_it_had(project):
    """Nothing of ours stands in it."""
    project.write("test_a.py", "def test_plain():\n    pass\n")
    project.run("--junitxml=junit.xml")
    assert {"test_plain": {}} == _properties(project.path / "junit.xml")

"""What a run does with another baseline than the first, and with an acceptance whose time is over."""

from __future__ import annotations

import pytest

from pytest_llmeval.store import baselines

SUITE = """
import os
from pytest_llmeval import assert_score

def test_case():
    assert_score("m", float(os.environ.get("SCORE", "1")))
"""


@pytest.fixture
def suite(project, monkeypatch):
    """A suite with one baseline at 1.0, and one called ``@release`` at 0.25."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    monkeypatch.setenv("SCORE", "0.25")
    assert 0 == project.run("--llmeval-baseline-update", "--llmeval-baseline=@release").ret
    return project


def _scores(folder):
    return [line.scores for line in baselines.read(folder).lines.values()]


def test_a_named_baseline_stands_in_the_folder_that_the_ini_names(suite, monkeypatch):
    """By flag, by environment; and the first is not touched."""
    assert [(1.0,)] == _scores(suite.path / "baselines")
    assert [(0.25,)] == _scores(suite.path / "baselines" / "@release")

    suite.write("pytest.ini", "[pytest]\nllmeval_baseline = kept\n")
    monkeypatch.setenv("LLMEVAL_BASELINE", "@model-a")
    assert 0 == suite.run("--llmeval-baseline-update").ret
    assert [(0.25,)] == _scores(suite.path / "kept" / "@model-a")


def test_a_run_is_compared_with_the_baseline_it_names(suite):
    """The same scores are below one, and level with the other."""
    for flag, mean in (("--llmeval-baseline=baselines", 1.0), ("--llmeval-baseline=@release", 0.25)):
        suite.run("--llmeval-gate=pr", flag)
        assert mean == suite.session.verdict.comparisons[0].baseline_mean


@pytest.mark.parametrize("name", ["@", "@../up", "@a/b"])
def test_a_name_that_is_none_stops_the_run(suite, name):
    """Exit status 4, before the first test."""
    result = suite.run(f"--llmeval-baseline={name}")

    assert 4 == result.ret
    assert "is no name" in result.stderr.str()


def _expire(project, day):
    (path,) = (project.path / "baselines").rglob("test_case.jsonl")
    accepted = (
        f'{{"acceptance":{{"accepted_at":"2026-01-01T00:00:00Z","author":"Ada","expires":"{day}","reason":"weak"}},'
    )
    path.write_text(path.read_text().replace('{"case"', accepted + '"case"', 1))


@pytest.mark.parametrize(("day", "is_over"), [("2020-01-31", True), ("2999-12-31", False)])
def test_an_acceptance_that_is_over_is_told_and_its_threshold_decides_again(project, monkeypatch, way, day, is_over):
    """A waiver lets a case below its threshold pass until its last day; from then on the case is red, and named."""
    project.write("test_suite.py", SUITE)
    monkeypatch.setenv("SCORE", "0.25")
    assert 0 == project.run("--llmeval-baseline-update").ret
    _expire(project, day)

    result = project.run(*way, "--llmeval-gate=pr")

    assert (1 if is_over else 0) == result.ret
    told = "1 line is accepted no longer, and the threshold decides again: test_suite.py::test_case m (2020-01-31)"
    assert is_over == (f"llmeval: {told}" in result.stdout.str())

"""``pytest -v`` ends with how the cases lie beside the baseline's, and how the means went on this branch."""

from __future__ import annotations

import re

import pytest

SUITE = """
import os
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("case", range(6))
def test_case(case):
    assert_score("m", 0.95 if case < int(os.environ["N_GOOD"]) else 0.05, threshold=0.0)
"""


@pytest.fixture
def suite(project, monkeypatch):
    """Six cases, of which as many are good as the environment says; the baseline has all six."""
    monkeypatch.setenv("N_GOOD", "6")
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    return project


def bars(result) -> list[str]:
    """Return the cells of the one row of bars."""
    found = re.findall(r"^m  +([▁-█.]{10} .*)$", result.stdout.str(), re.MULTILINE)
    return found[0].split() if found else []


def test_a_case_lost_is_told_from_all_cases_a_little_worse(suite, monkeypatch, way):
    """The baseline's six at the right, now three of them at the left; the session before stands in the trend."""
    monkeypatch.setenv("N_GOOD", "3")
    result = suite.run(*way, "-v", "--llmeval-gate=pr")

    assert [".........█", "▅........▅", "█▁"] == bars(result)
    result.stdout.fnmatch_lines(["cases by their means, 0 to 1 from left to right"])
    assert max(map(len, result.stdout.str().partition("= llmeval =")[2].splitlines())) <= 80


def test_without_v_no_session_file_is_read(suite):
    """The default page has none of it: it is as short and as cheap as before."""
    assert [] == bars(suite.run("--llmeval-gate=pr"))


def test_without_a_gate_there_is_no_baseline_beside(suite):
    """As in the table above it, which has no column for one either."""
    assert [".........█", "▅▅"] == bars(suite.run("-v"))


def test_only_this_branch_is_in_the_trend(repository, suite):
    """Another branch's means are another prompt's."""
    repository.commit("all")
    suite.run()
    repository.git("checkout", "-q", "-b", "feature")
    suite.run()

    result = suite.run("-v")

    assert [".........█", "▅▅"] == bars(result)
    result.stdout.fnmatch_lines(["trend: the last 2 whole sessions on feature, this one on the right"])


def test_a_log_in_ascii_has_digits(suite, monkeypatch):
    """``PYTHONIOENCODING=ascii``, as some runners have it: no question mark, no escape, no error."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = suite.run_apart("-v", "--llmeval-gate=pr")
    page = result.stdout.str().partition("= llmeval =")[2]

    assert 0 == result.ret
    assert re.search(r"^m  +\.{9}9  +\.{9}9  +55$", page, re.MULTILINE), page
    assert page.isascii()
    assert not {"?", "\\", "\x1b"} & set(page)

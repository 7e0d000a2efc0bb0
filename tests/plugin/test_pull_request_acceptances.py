"""A change for the worse that the branch accepted with a reason is listed, held, and not red."""

import pytest

from pytest_llmeval.commands import main

SUITE = """
import os
import pytest
from pytest_llmeval import assert_score

SCORES = eval(os.environ.get("SCORES", "{}"))

@pytest.mark.llmeval(trials=10)
@pytest.mark.parametrize("case", ["a", "b", "c"])
def test_case(case, llmeval):
    assert_score("m", SCORES.get(case, [1] * 10)[llmeval.trial])
"""
HALF = str({"a": [1, 0] * 5})


@pytest.fixture
def branch(project, repository, monkeypatch):
    """A branch on which case a passes five of ten, ten of ten on main."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    repository.base = repository.commit("suite and baseline")
    repository.git("checkout", "-q", "-b", "feature")
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    monkeypatch.setenv("SCORES", HALF)
    assert 1 == project.run("--llmeval-gate=pr").ret
    return repository


def _accept(project, *more):
    arguments = ["baseline", "accept", "*a] m", "--reason", "shorter answers, see #12", "--author", "Ada"]
    assert 0 == main([*arguments, "--rootdir", str(project.path), *more])


def test_an_accepted_fall_is_listed_with_reason_author_and_expiry(branch, project, sentences, way):
    """The reviewer reads it in the diff, and in the report."""
    _accept(project, "--expires", "2999-12-31")
    branch.commit("accepted")

    result = project.run(*way, "--llmeval-gate=pr")

    assert 0 == result.ret
    expected = "ACCEPTED test_suite.py::test_case[a] m: 1.00 -> 0.50 (shorter answers, see #12; Ada, until 2999-12-31)."
    assert expected in sentences(result)
    (line,) = project.session.against.accepted
    assert (1.0, 0.5, "Ada") == (line.before, line.after, line.acceptance.author)


def test_what_is_worse_than_it_was_accepted_is_red(branch, project, monkeypatch, sentences):
    """An acceptance is a new line to hold, and no free pass."""
    _accept(project)
    monkeypatch.setenv("SCORES", str({"a": [0] * 10}))

    result = project.run("--llmeval-gate=pr")

    assert 1 == result.ret
    assert "REGRESSED test_suite.py::test_case[a] m: passed 5 of 10 on main, 0 of 10 here." in sentences(result)


def test_another_case_is_red_beside_an_accepted_one(branch, project, monkeypatch):
    """Only what was accepted is."""
    _accept(project)
    monkeypatch.setenv("SCORES", str({"a": [1, 0] * 5, "b": [0] * 10}))

    assert 1 == project.run("--llmeval-gate=pr").ret


def test_an_expired_acceptance_counts_for_nothing(branch, project, sentences):
    """The base commit's scores decide again."""
    _accept(project, "--expires", "2999-12-31")
    for file in (project.path / "baselines").rglob("*.jsonl"):
        file.write_text(file.read_text().replace("2999-12-31", "2020-01-01"))

    result = project.run("--llmeval-gate=pr")

    assert 1 == result.ret
    assert "NOT ACCEPTED test_suite.py::test_case[a] m: its acceptance expired on 2020-01-01" in sentences(result)


def test_a_new_case_is_accepted_below_its_threshold(branch, project, monkeypatch, sentences):
    """As it will be held once the branch is merged; without a reason its threshold fails it."""
    project.write("test_suite.py", SUITE.replace('["a", "b", "c"]', '["a", "b", "c", "new"]'))
    monkeypatch.setenv("SCORES", str({"new": [0] * 10}))
    assert 1 == project.run("--llmeval-gate=pr").ret

    arguments = ["baseline", "accept", "*new] m", "--reason", "known weakness", "--author", "Ada"]
    assert 0 == main([*arguments, "--rootdir", str(project.path)])
    result = project.run("--llmeval-gate=pr")

    assert 0 == result.ret
    assert "ACCEPTED test_suite.py::test_case[new] m: new, 0.00 (known weakness; Ada)." in sentences(result)


def test_an_accepted_line_stays_what_main_is_held_to_after_the_merge(branch, project, monkeypatch):
    """On main the acceptance is the baseline."""
    _accept(project)
    branch.commit("accepted")
    branch.git("checkout", "-q", "main")
    branch.git("merge", "-q", "--ff-only", "feature")

    result = project.run("--llmeval-gate=pr")

    assert 0 == result.ret
    assert () == project.session.against.accepted

"""Updating is an act: of what was run, never of anything else, never from half a session (FAULTS 3)."""

import pytest

from pytest_llmeval.store import baselines

SUITE = """
import os
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("case", ["a", "b", "c"])
def test_case(case):
    assert case != os.environ.get("BREAK")
    assert_score("m", float(os.environ.get("SCORE", "1")))
"""


@pytest.fixture
def suite(project):
    """A suite with a stored baseline."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    return project


def _stored(project):
    lines = baselines.read(project.path / "baselines").lines
    return {str(id_.case_id): line.scores for id_, line in lines.items()}


def test_a_subset_touches_its_own_lines_only(suite, monkeypatch, way):
    """-k, a node id: the lines of other cases stay, byte for byte."""
    monkeypatch.setenv("SCORE", "0.25")

    assert 0 == suite.run(*way, "-k", "b", "--llmeval-baseline-update").ret

    assert {
        "test_suite.py::test_case[a]": (1.0,),
        "test_suite.py::test_case[b]": (0.25,),
        "test_suite.py::test_case[c]": (1.0,),
    } == _stored(suite)


def test_new_only_adds_and_never_replaces(suite, monkeypatch):
    """What stands, stands."""
    suite.write("test_suite.py", SUITE.replace('"c"]', '"c", "d"]'))
    monkeypatch.setenv("SCORE", "0.25")

    assert 0 == suite.run("--llmeval-baseline-update=new-only").ret

    assert [1.0, 1.0, 1.0, 0.25] == [scores[0] for scores in _stored(suite).values()]


def test_a_run_that_was_cut_short_makes_no_baseline(suite, monkeypatch, way):
    """-x after a failure: refused, named, and never exit 0; the files are as they were."""
    before = _stored(suite)
    monkeypatch.setenv("BREAK", "a")
    monkeypatch.setenv("SCORE", "0.5")

    result = suite.run(*way, "-x", "--llmeval-baseline-update")

    assert 0 != result.ret
    result.stdout.fnmatch_lines(["*is partial and makes no baseline*", "*stopped*"])
    assert before == _stored(suite)


def test_a_killed_worker_makes_no_baseline(project):
    """A lost test is a partial session."""
    project.write("test_suite.py", SUITE + "    if case == 'b': os._exit(1)\n")

    result = project.run("-n2", "--llmeval-baseline-update")

    assert 6 == result.ret
    assert not (project.path / "baselines").exists()


def test_the_same_session_writes_the_same_bytes_whatever_the_workers(project):
    """Draws, order and numbers do not depend on who ran what; only run ids and times differ."""
    texts = []
    for way in (("-p", "no:xdist"), ("-n2",)):
        project.write("test_suite.py", SUITE)
        assert 0 == project.run(*way, "--llmeval-baseline-update").ret
        run = project.session.id
        files = sorted((project.path / "baselines").rglob("*.jsonl"))
        texts.append([f.read_text().replace(run, "RUN").partition('{"commit"')[0] for f in files])
    assert texts[0] == texts[1]


def test_a_refused_update_says_so_and_the_exports_are_written_all_the_same(project, way):
    """Too little is scored for a baseline; the session is stored and exported, only the baseline is not made."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import ProviderError, assert_score

@pytest.mark.parametrize("n", range(4))
def test_half(n):
    if n % 2:
        raise ProviderError("provider 'p', model 'm': status 503")
    assert_score("m", 1)

def test_shows():
    assert_score("m", 1)
""",
    )

    result = project.run(*way, "--llmeval-baseline-update", "--llmeval-report=term", "--llmeval-report=prom")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["*is partial and makes no baseline*"])
    assert not (project.path / "baselines").exists()
    assert (project.path / ".llmeval" / "llmeval.prom").exists()

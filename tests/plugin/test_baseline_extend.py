"""``llmeval baseline extend``: more draws of main's code, new ones, whatever their scores, each bought once."""

from __future__ import annotations

import os
import subprocess

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.store import baselines

SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("case", ["a", "b"])
def test_case(llm, llmeval, case):
    answer = llm(f"1 {case}", seed=llmeval.trial)
    assert_score("said", lambda text: float(text == "1"), output=answer)
"""


BREAKS_OFF = """
import os

def pytest_runtest_logreport(report):
    if "[b]" in report.nodeid and "STOP" in os.environ:
        os._exit(9)
"""


@pytest.fixture
def suite(project, provider, monkeypatch, capfd):
    """A suite of two cases with a baseline of two trials each, committed on main."""
    project.write("test_suite.py", SUITE)
    project.write(".gitignore", ".llmeval/\n__pycache__/\n*.pyc\n.pytest_cache/\ngitconfig\n")
    project.write("gitconfig", "[user]\n\tname = Ada\n\temail = a@example.org\n[init]\n\tdefaultBranch = main\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(project.path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.path.parent))
    monkeypatch.chdir(project.path)
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "code")
    assert 0 == project.run_apart("--llmeval-trials=2", "--llmeval-baseline-update").ret
    git("add", "--all")
    git("commit", "--quiet", "--message", "baseline")
    return project


def git(*arguments):
    """Run git as a person does."""
    subprocess.run(["git", *arguments], check=True, capture_output=True)  # noqa: S603, S607


def call(capfd, *arguments, status=0):
    """Call ``llmeval baseline``, and return what it and pytest print."""
    capfd.readouterr()
    told = main(["baseline", *arguments])
    out, err = capfd.readouterr()
    assert status == told, out + err
    return out + err


def draws(project):
    """The number of draws and of origins of each line."""
    lines = baselines.read(project.path / "baselines").lines.values()
    return {line.id.test[-3:]: (len(line.draws), len({draw.origin for draw in line.draws})) for line in lines}


def test_an_extension_appends_new_draws_with_their_run(suite, provider, capfd):
    """New trial indices, in the cache key and for the test itself; thresholds and reasons stay."""
    before = baselines.read(suite.path / "baselines")

    told = call(capfd, "extend", "--trials", "3")

    after = baselines.read(suite.path / "baselines")
    assert {"[a]": (5, 5), "[b]": (5, 5)} == draws(suite)
    assert 10 == len(provider.questions)
    assert "2 lines extended" in told
    (new,) = after.runs.keys() - before.runs.keys()
    assert (1000, suite.session.id) == (after.runs[new].first_trial, new)
    assert [*before.runs] * 2 + [new] * 3 == [draw.run for draw in next(iter(after.lines.values())).draws]
    seeds = [received.body["seed"] for received in provider.requests]
    assert [0, 0, 1, 1, 1000, 1000, 1001, 1001, 1002, 1002] == sorted(seeds)


def test_an_extension_runs_in_workers_as_well(suite, provider, capfd):
    """Its indices reach every process."""
    call(capfd, "extend", "--trials", "2", "--pytest-args=-n2")

    assert {"[a]": (4, 4), "[b]": (4, 4)} == draws(suite)
    assert [1000, 1000, 1001, 1001] == sorted(received.body["seed"] for received in provider.requests)[4:]


def test_each_extension_draws_anew_and_a_line_keeps_its_last_20(suite, provider, capfd):
    """With 20 kept, the oldest run goes when no line names it."""
    first = suite.session.id
    for _ in range(2):
        call(capfd, "extend", "--trials", "10")
        git("add", "--all")
        git("commit", "--quiet", "--message", "extended")

    assert {"[a]": (20, 20), "[b]": (20, 20)} == draws(suite)
    assert first not in baselines.read(suite.path / "baselines").runs
    assert 2 * (2 + 10 + 10) == len(provider.questions)
    assert [1000, 2000] == sorted(run.first_trial for run in baselines.read(suite.path / "baselines").runs.values())


def test_what_was_drawn_before_an_extension_broke_off_is_not_bought_again(suite, provider, capfd):
    """FAULTS 1: the second one starts from the same indices, and finds their recordings."""
    suite.write("conftest.py", BREAKS_OFF)
    git("add", "--all")
    git("commit", "--quiet", "--message", "a switch")
    os.environ["STOP"] = "1"
    try:
        assert "nothing was drawn" in call(capfd, "extend", "--trials", "2", status=4)
    finally:
        del os.environ["STOP"]
    n_bought = len(provider.questions)
    assert {"[a]": (2, 2), "[b]": (2, 2)} == draws(suite)

    call(capfd, "extend", "--trials", "2")

    assert {"[a]": (4, 4), "[b]": (4, 4)} == draws(suite)
    assert n_bought > 4
    assert 8 == len(provider.questions)


def test_failing_trials_are_appended_as_well(suite, provider, capfd):
    """Whatever the colour: appending only green runs would bias the baseline."""
    provider.answer(*["0"] * 4)

    told = call(capfd, "extend", "--trials", "2")

    assert "2 failed" in told
    scores = [line.scores for line in baselines.read(suite.path / "baselines").lines.values()]
    assert [(1.0, 1.0, 0.0, 0.0)] * 2 == scores


def test_a_pattern_draws_and_extends_its_own_lines_only(suite, provider, capfd):
    """At the cost of the test functions that it names."""
    call(capfd, "extend", "*[b]*", "--trials", "1")

    assert {"[a]": (2, 2), "[b]": (3, 3)} == draws(suite)


@pytest.mark.parametrize("way", ["branch", "edited"])
def test_what_is_not_main_is_refused_before_anything_is_spent(suite, provider, capfd, way):
    """Unless told: another commit, or edited files."""
    if way == "branch":
        git("switch", "--quiet", "--create", "topic")
        git("commit", "--quiet", "--allow-empty", "--message", "topic")
    else:
        suite.write("test_suite.py", SUITE + "\n")

    told = call(capfd, "extend", status=4)

    assert ("not on the main branch" if way == "branch" else "edited: 'test_suite.py'") in told
    assert 4 == len(provider.questions)
    assert "2 lines extended" in call(capfd, "extend", "--force")


def test_a_session_of_main_is_appended_once(suite, provider, capfd):
    """``--session``: such as one that a nightly job has left; its draws are new, and only once."""
    assert 0 == suite.run_apart("--llmeval-cache=refresh").ret
    path = str(suite.path / ".llmeval" / "sessions" / f"{suite.session.id}.jsonl")
    n_asked = len(provider.questions)

    assert "2 lines extended" in call(capfd, "extend", "--session", path)
    assert {"[a]": (3, 3), "[b]": (3, 3)} == draws(suite)
    assert "2 not appended: the line has these draws" in call(capfd, "extend", "--session", path, status=4)
    assert n_asked == len(provider.questions)


def test_a_session_that_only_replays_has_nothing_to_append(suite, capfd):
    """The baseline's own draws are no new ones."""
    assert 0 == suite.run_apart("--llmeval-trials=2").ret
    path = str(suite.path / ".llmeval" / "session.jsonl")

    assert "the line has these draws" in call(capfd, "extend", "--session", path, status=4)
    assert {"[a]": (2, 2), "[b]": (2, 2)} == draws(suite)


def test_a_session_of_another_branch_is_refused(suite, capfd):
    """Its draws are of other code."""
    git("switch", "--quiet", "--create", "topic")
    git("commit", "--quiet", "--allow-empty", "--message", "topic")
    assert 0 == suite.run_apart("--llmeval-cache=refresh").ret
    git("switch", "--quiet", "main")
    path = str(suite.path / ".llmeval" / "session.jsonl")

    assert "is not on the main branch" in call(capfd, "extend", "--session", path, status=4)
    assert "2 lines extended" in call(capfd, "extend", "--session", path, "--force")


def test_a_run_that_was_cut_short_extends_nothing(suite, capfd):
    """FAULTS 3: not even the lines that it drew."""
    suite.write("test_broken.py", "def test_broken():\n    assert False\n")

    told = call(capfd, "extend", "--pytest-args=-x", status=4)

    assert "is partial and makes no baseline" in told
    assert {"[a]": (2, 2), "[b]": (2, 2)} == draws(suite)

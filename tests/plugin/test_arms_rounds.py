"""``llmeval compare``: a stored session once more, and rounds that end when it is decided."""

from __future__ import annotations

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import Standing

SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(cases=[f"question {n}" for n in range(20)])
def test_answer(llm, llm_case):
    assert_score("solved", lambda text: text == "right", output=llm(llm_case.input), threshold=None)
"""


@pytest.fixture
def models(project, monkeypatch):
    """Two models under test: ``openai/half`` answers every second question rightly, ``openai/good`` all."""

    def answer(asked):
        number = int(str(asked["messages"][-1]["content"]).rsplit(maxsplit=1)[-1])
        return "right" if asked["model"] in ("good", "better") or number % 2 == 0 else "wrong"

    with Loopback(answer) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_api_base = {server.url}\nllmeval_trials = 3\n")
        project.write("test_suite.py", SUITE)
        monkeypatch.chdir(project.path)
        yield server


def run(rounds, names):
    """Run the rounds over these models."""
    return main(["compare", "--run", f"--rounds={rounds}", "--", "-p", "no:xdist", f"--llmeval-model={names}"])


def test_rounds_stop_when_the_better_model_is_proven(project, models, capfd):
    """Two rounds of three: the trials of the third are never bought, those of the first are not bought twice."""
    assert 0 == run("1,2,30", "openai/half,openai/good")
    said = capfd.readouterr().out
    assert "everything is decided" in said
    assert "WINNER openai/good: better than openai/half by solved." in said
    n_trials = {len(found.trials) for found in project.session.results}
    assert n_trials <= {1, 2}
    assert 40 * n_trials.pop() == len(models.requests)


def test_rounds_of_equal_models_end_with_the_last(project, models, capfd):
    """Equal answers prove little: the last round ends it, and nobody wins."""
    assert 0 == run("1,2", "openai/good,openai/better")
    assert "round 2 of 2: 1 comparison undecided, and the last round is done" in capfd.readouterr().out
    assert Standing.OPEN is project.session.contest.duels[0].standing


def test_a_stored_session_of_rounds_is_read_with_its_looks(project, models, capfd):
    """``compare`` on it later claims no more than the run did: how often it was looked at stands in the file."""
    run("1,2,30", "openai/half,openai/good")
    during = project.session
    assert [1, 2, 30] == during.settings["looks"]
    capfd.readouterr()
    assert 0 == main(["compare"])
    said = capfd.readouterr().out
    assert all(sentence in said for sentence in during.contest.sentences)


def test_another_reference_turns_the_comparison_round(project, models, capfd):
    """Without a call, from the stored session."""
    project.run("-p", "no:xdist", "--llmeval-model=openai/half,openai/good,openai/better")
    n_asked = len(models.requests)
    capfd.readouterr()
    assert 0 == main(["compare", "--reference=openai/good"])
    said = capfd.readouterr().out
    assert "solved: openai/half is worse than openai/good by 50 points" in said
    assert 0 == main(["compare", "--every-pair"])
    assert "openai/better and openai/good are alike" in capfd.readouterr().out
    assert n_asked == len(models.requests)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--reference=openai/none"], "no variant is called 'openai/none'"),
        (["--run", "--rounds=4,2"], "no list of ascending whole numbers"),
        (["--run", "--session=x"], "--run makes a session"),
    ],
)
def test_what_cannot_be_obeyed_is_exit_4(project, models, capfd, arguments, told):
    """With the reason."""
    project.run("-p", "no:xdist", "--llmeval-model=openai/half,openai/good", "--llmeval-trials=1")
    assert 4 == main(["compare", *arguments])
    assert told in capfd.readouterr().err


def test_a_session_of_one_model_has_nothing_to_compare(project, models, capfd):
    """It says how to get one."""
    project.run("-p", "no:xdist", "--llmeval-model=openai/good", "--llmeval-trials=1")
    assert 4 == main(["compare"])
    assert "has no two variants to compare" in capfd.readouterr().err

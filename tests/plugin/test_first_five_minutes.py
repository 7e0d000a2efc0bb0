"""A new user in an empty folder: ``llmeval init``, then pytest; offline, with their own function."""

import pytest

from pytest_llmeval.commands import main


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_init_then_pytest_passes_and_a_second_init_changes_nothing(project, capsys, args):
    """What init writes runs as it is, and shows the verdict line."""
    (project.path / "tox.ini").unlink()
    assert 0 == main(["init", str(project.path / "tests")])
    before = {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    assert 0 == main(["init", str(project.path / "tests")])
    assert before == {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}

    result = project.run(*args)

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["*exit status 0: nothing failed*"])
    assert {"relevance", "safety"} == {summary.metric for summary in project.session.summaries}


def test_baseline_accept_turns_a_regression_green(project, monkeypatch, capsys):
    """Regressed, accepted with a reason, then green: the day of an intended change."""
    monkeypatch.chdir(project.path)
    project.write(
        "test_suite.py",
        """
import os
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(trials=10)
@pytest.mark.parametrize("case", ["a", "b"])
def test_case(case):
    assert_score("m", float(os.environ.get("SCORE", "1")))
""",
    )
    assert 0 == project.run("--llmeval-baseline-update").ret
    monkeypatch.setenv("SCORE", "0")
    assert 1 == project.run("--llmeval-gate=pr").ret

    assert 0 == main(["baseline", "accept", "--reason", "we answer in one word now", "--author", "Ada"])
    assert 0 == project.run("--llmeval-gate=pr").ret

    capsys.readouterr()
    assert 0 == main(["baseline", "show"])
    assert "0.0" in capsys.readouterr().out


def test_a_users_hook_receives_the_session_once_and_cannot_change_the_exit(project):
    """``pytest_llmeval_session`` runs in the controller, after the session is stored."""
    project.write(
        "conftest.py",
        """
def pytest_llmeval_session(config, session):
    with open("seen.txt", "a") as file:
        file.write(f"{session.id} {len(session.results)}\\n")
""",
    )
    project.write(
        "test_suite.py", "from pytest_llmeval import assert_score\n\ndef test_m():\n    assert_score('m', 1)\n"
    )

    assert 0 == project.run("-n2").ret

    assert [f"{project.session.id} 1"] == (project.path / "seen.txt").read_text().splitlines()


def test_a_users_hook_that_fails_is_named_and_changes_nothing(project):
    """The verdict is decided and stored before it is called."""
    project.write("conftest.py", "def pytest_llmeval_session(session):\n    raise ValueError('my own mistake')\n")
    project.write(
        "test_suite.py", "from pytest_llmeval import assert_score\n\ndef test_m():\n    assert_score('m', 1)\n"
    )

    result = project.run()

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["*pytest_llmeval_session failed: ValueError: my own mistake*"])


def test_the_application_may_be_any_object_with_text(project):
    """The user's own function as the system under test, also one that calls ``llm``."""
    project.write(
        "test_suite.py",
        """
from dataclasses import dataclass
from pytest_llmeval import assert_relevance, assert_safe

@dataclass
class Reply:
    text: str
    link: str = ""

def test_object():
    assert_relevance(Reply("You get a refund within 30 days."), question="When do I get a refund?")
    assert_safe(Reply("You get a refund within 30 days."))

def test_not_an_answer():
    assert_safe(42)
""",
    )

    result = project.run()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*cannot read an answer from 'int'*"])

"""``--llmeval-confirm``: what regressed is run on the base version beside this one, in a folder of its own."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from pytest_llmeval.gather import session_file

SUITE = """
import pytest
from pytest_llmeval import assert_score
from app import PROMPT

@pytest.mark.llmeval(trials=6)
@pytest.mark.parametrize("word", ["good", "fine"])
def test_words(llm, word):
    assert_score("kept", lambda text: float("yes" in text), output=llm(PROMPT + word))
"""
KEPT, BROKEN = 'PROMPT = "say yes to "\n', 'PROMPT = "deny "\n'


@pytest.fixture
def branch(project, repository, loopback, monkeypatch, tmp_path_factory):
    """A branch whose prompt was changed, on a project whose cases passed six of six; the provider echoes."""
    ini = f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\npythonpath = .\n"
    project.write("pytest.ini", ini)
    project.write("test_suite.py", SUITE)
    project.write("app.py", KEPT)
    assert 0 == project.run_apart("--llmeval-baseline-update").ret
    repository.base = repository.commit("suite, recordings and baseline")
    repository.git("checkout", "-q", "-b", "feature")
    project.write("app.py", BROKEN)
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0000000000000000")
    # Ours alone, so that what is left behind can be seen.
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
    loopback.requests.clear()
    return repository


def _questions(loopback):
    return [received.body["messages"][-1]["content"] for received in loopback.requests]


def _is_clean(branch):
    """Whether nothing of the base version is left: no folder, no worktree, and a checkout as it was."""
    assert [] == list(Path(os.environ["TMPDIR"]).glob("llmeval-base-*"))
    assert 1 == len(branch.git("worktree", "list").splitlines())
    assert "feature" == branch.git("rev-parse", "--abbrev-ref", "HEAD")
    return "" == branch.git("diff", "--cached", "--name-only")


@pytest.mark.parametrize("way", [("-p", "no:xdist"), ("-n2",)])
def test_a_regression_of_the_branch_is_confirmed(branch, project, loopback, sentences, way):
    """The base version, now: six of six. The branch stays red, and only the cases that fell were run there."""
    project.write("app.py", 'PROMPT = "say yes to "\n')
    project.write("test_suite.py", SUITE.replace("PROMPT + word", '("deny " if word == "good" else PROMPT) + word'))

    result = project.run_apart(*way, "--llmeval-gate=pr", "--llmeval-confirm")

    assert 1 == result.ret
    said = sentences(result)
    assert "CONFIRMED test_suite.py::test_words[good] kept: 6 of 6 on main now, 0 of 6 here." in said
    cost = "1 case, 6 trials, about 6 calls for a price that is not known"
    assert f"llmeval: confirming on main at {branch.base[:12]}: {cost}" in said
    assert {"deny good": 6, "say yes to good": 6} == Counter(_questions(loopback))
    (rerun,) = project.session.against.reruns
    assert ("confirmed", 1.0, 6, 0.0) == (rerun.word, rerun.base_mean, rerun.base_trials, rerun.current_mean)
    assert _is_clean(branch)


def test_what_fails_on_the_base_version_too_is_not_the_branchs_fault(branch, project, loopback, sentences):
    """The provider changed, and not the branch: what the stored baseline says is red is red no more."""
    project.write("app.py", KEPT)
    loopback.answer(*(["never"] * 24))

    result = project.run_apart("--llmeval-gate=pr", "--llmeval-confirm", "--llmeval-cache=refresh")

    assert 0 == result.ret
    said = sentences(result)
    expected = "NOT CONFIRMED test_suite.py::test_words[good] kept: also fails on main: 0 of 6 there, 0 of 6 here."
    assert expected in said
    assert "undecided" == project.session.verdict.verdict
    assert {"also fails on base"} == {rerun.word for rerun in project.session.against.reruns}
    assert 24 == len(loopback.requests)
    assert _is_clean(branch)


def test_the_answers_of_the_base_version_are_kept(branch, project):
    """They were paid for: their session stands beside this one."""
    branch.commit("a worse prompt")
    assert 1 == project.run_apart("--llmeval-gate=pr", "--llmeval-confirm").ret

    sessions = [session_file.read(path) for path in (project.path / ".llmeval" / "sessions").iterdir()]
    (there,) = [one for one in sessions if one.commit == branch.base]
    texts = {call.text for result in there.results for trial in result.trials for call in trial.calls}
    assert {"say yes to good", "say yes to fine"} == texts


def test_the_ini_may_ask_for_it(branch, project, sentences):
    """A run without a gate has nothing to confirm then, and the base version's own ini does not confirm in its turn."""
    branch.git("stash", "-q")
    ini = (project.path / "pytest.ini").read_text()
    project.write("pytest.ini", ini + "addopts = --llmeval-confirm --llmeval-gate=pr\nllmeval_confirm = true\n")
    branch.commit("always confirm")
    branch.git("branch", "-f", "main")
    project.write("pytest.ini", ini + "llmeval_confirm = true\n")
    project.write("app.py", BROKEN)

    assert 1 == project.run_apart().ret
    result = project.run_apart("--llmeval-gate=pr")

    assert 1 == result.ret
    assert "CONFIRMED test_suite.py::test_words[good] kept: 6 of 6 on main now, 0 of 6 here." in sentences(result)


def test_nothing_is_run_where_nothing_regressed(branch, project, loopback):
    """The base version costs nothing then."""
    project.write("app.py", KEPT)

    assert 0 == project.run_apart("--llmeval-gate=pr", "--llmeval-confirm").ret
    assert [] == loopback.requests


def test_a_base_version_that_cannot_run_leaves_the_verdict(branch, project, sentences):
    """Red, with the reason why it is not confirmed."""
    branch.git("stash", "-q")
    project.write("conftest.py", "import nothing_of_that_name\n")
    branch.commit("broken")
    branch.git("branch", "-f", "main")
    branch.git("stash", "pop", "-q")
    project.write("conftest.py", "")

    result = project.run_apart("--llmeval-gate=pr", "--llmeval-confirm")

    assert 1 == result.ret
    said = sentences(result)
    assert "NOT CONFIRMED: the base version" in said
    assert "nothing_of_that_name" in said
    assert "the stored baseline alone decides." in said
    assert _is_clean(branch)


def test_ctrl_c_leaves_nothing_behind(branch, project, loopback, provider_gate):
    """The worktree is gone, the session is stored as interrupted with its verdict, and the exit status is 2."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--llmeval-gate=pr", "--llmeval-confirm", "-p", "no:xdist"],
        cwd=project.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert provider_gate.wait(60), "the base version never asked"
    assert 2 == len(branch.git("worktree", "list").splitlines())

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    assert 2 == process.returncode, said
    assert "NOT CONFIRMED: stopped before the base version had run." in " ".join(said.split())
    assert "interrupted" == project.session.stopped
    assert "regressed" == project.session.verdict.verdict
    assert _is_clean(branch)


@pytest.fixture
def provider_gate(loopback, monkeypatch):
    """Set once the base version's first question has arrived; its answer takes as long as the test."""
    asked = threading.Event()
    answer = loopback.model

    def model(body):
        if "say yes" in str(body["messages"]):
            asked.set()
            loopback.wait(60)
        return answer(body)

    monkeypatch.setattr(loopback, "model", model)
    return asked


@pytest.mark.parametrize("args", [(), ("--llmeval-gate=pr",)])
def test_without_gate_or_base_there_is_nothing_to_confirm(project, args):
    """Wrong usage, with what to say instead."""
    project.write("test_suite.py", "def test_plain():\n    pass\n")

    result = project.run("--llmeval-confirm", *args)

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*--llmeval-confirm has no*" if args else "*--llmeval-confirm has nothing*"])


@pytest.mark.parametrize("way", [("-p", "no:xdist"), ("-n2",)])
def test_adaptive_trials_are_confirmed_too(branch, project, loopback, sentences, way):
    """Retests found the case; the base version gets as many trials as it took here, all at once."""
    suite = SUITE.replace("@pytest.mark.llmeval(trials=6)\n", "")
    project.write("app.py", KEPT)
    project.write("test_suite.py", suite.replace("PROMPT + word", '("deny " if word == "good" else PROMPT) + word'))
    result = project.run_apart(*way, "--llmeval-gate=pr", "--llmeval-confirm", "--llmeval-trials=auto")

    assert 1 == result.ret
    said = sentences(result)
    assert "CONFIRMED test_suite.py::test_words[good] kept: 5 of 5 on main now, 0 of 5 here." in said
    assert {"deny good": 5, "say yes to good": 5} == Counter(_questions(loopback))
    assert _is_clean(branch)

"""A fork may not change what it is judged by, asks no provider, and says what needs recording."""

import shutil

import pytest

from pytest_llmeval.commands import main
from tests.plugin.sharded import Machines

INI = """
[pytest]
llmeval_model = openai/echo
llmeval_api_base = {url}
{more}
"""
SUITE = """
import pytest
from pytest_llmeval import assert_score

PROMPT = "{prompt}"

@pytest.mark.llmeval(trials=5)
@pytest.mark.parametrize("word", ["good", "fine"])
def test_words(llm, word):
    answer = llm(PROMPT + word)
    assert_score("kept", lambda text: float(word in text), output=answer, threshold={threshold})
"""

WORSE = SUITE.format(prompt="say ", threshold=0.5).replace("float(word in", "0 * float(word in")


@pytest.fixture
def fork(project, repository, loopback, github_event, monkeypatch):
    """A fork's branch of a project whose ini asks for the gate; all answers are recorded."""
    project.write("pytest.ini", INI.format(url=loopback.url, more="llmeval_gate = pr"))
    project.write("test_suite.py", SUITE.format(prompt="say ", threshold=0.5))
    assert 0 == project.run("--llmeval-gate=off", "--llmeval-baseline-update").ret
    repository.base = repository.commit("suite, recordings and baseline")
    repository.git("update-ref", "refs/remotes/origin/main", "main")
    repository.git("checkout", "-q", "-b", "fork")
    github_event(head="stranger/app")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-owner-00000000")
    loopback.requests.clear()
    return repository


def test_it_runs_from_recordings_without_a_call(fork, project, loopback, sentences, way):
    """Though there is a key, and the command line asks for answers."""
    result = project.run(*way, "--llmeval-cache=refresh")

    assert 0 == result.ret
    assert [] == loopback.requests
    assert project.session.against.is_fork
    assert "a fork: gate, thresholds and acceptances are that commit's, and no provider is asked" in sentences(result)
    assert "of 2 cases 0 fresh, 2 replayed from the baseline's own recordings" in sentences(result)


def test_it_says_what_needs_recording(fork, project, loopback, sentences, way):
    """The tests, and the command for a maintainer; until then nobody can tell, which is 6."""
    project.write("test_suite.py", SUITE.format(prompt="please say ", threshold=0.5))

    result = project.run(*way)

    assert 6 == result.ret
    assert [] == loopback.requests
    expected = (
        "2 tests ask what is not recorded; a maintainer who has read the branch runs, and commits: "
        "pytest --llmeval-cache=auto 'test_suite.py::test_words[fine]' 'test_suite.py::test_words[good]'"
    )
    assert expected in sentences(result)


@pytest.mark.parametrize("more", ["", "llmeval_gate = off", "addopts = --llmeval-gate=off"])
def test_it_cannot_take_the_gate_off(fork, project, loopback, more, way):
    """Not by leaving it out of the ini, nor by an ini key, nor by addopts: the base commit's ini says pr."""
    project.write("pytest.ini", INI.format(url=loopback.url, more=more))
    project.write("test_suite.py", WORSE)

    result = project.run(*way)

    assert 1 == result.ret
    assert "regressed" == project.session.verdict.verdict


def test_it_cannot_take_everything_of_ours_away(fork, project, way):
    """No option, no LLM test, no recording: the gate that its base asks for has nothing to judge, which is 6."""
    for name in ("recordings", "baselines", ".llmeval"):
        shutil.rmtree(project.path / name)
    project.write("pytest.ini", "[pytest]\n")
    project.write("test_suite.py", "def test_plain():\n    pass\n")

    assert 6 == project.run_apart(*way).ret


def test_the_job_itself_may_take_the_gate_off(fork, project):
    """A flag that was typed is the job's word, not the fork's."""
    assert 0 == project.run("--llmeval-gate=off").ret
    assert project.session.verdict is None


def test_its_acceptances_count_for_nothing(fork, project, monkeypatch, sentences):
    """Accepted on the fork, and red all the same."""
    project.write("test_suite.py", WORSE)
    assert 1 == project.run().ret
    accept = ["baseline", "accept", "--reason", "fine by me", "--author", "Stranger", "--rootdir", str(project.path)]
    assert 0 == main(accept)
    fork.commit("accepted")

    result = project.run()

    assert 1 == result.ret
    assert "ACCEPTED" not in sentences(result)
    monkeypatch.setenv("LLMEVAL_FORK", "false")
    assert 0 == project.run("--llmeval-cache=replay").ret


def test_a_threshold_that_it_took_away_is_still_the_base_commits(fork, project, sentences):
    """Recording only (threshold=None) would leave the case out of the gate."""
    suite = SUITE.format(prompt="say ", threshold=None).replace("float(word in", "0 * float(word in")
    project.write("test_suite.py", suite)

    result = project.run()

    assert 1 == result.ret
    assert "LOWERED test_suite.py::test_words[good] kept: threshold 0.5 on main, none here." in sentences(result)


def test_a_fork_that_took_the_gate_off_is_not_green_where_the_base_commit_is_missing(fork, project, loopback, way):
    """Exit status 4 with the command, once there is an LLM test; a suite without one is none of our business."""
    fork.git("update-ref", "-d", "refs/remotes/origin/main")
    project.write("pytest.ini", INI.format(url=loopback.url, more=""))

    result = project.run(*way)

    assert 4 == result.ret
    result.stdout.fnmatch_lines(["*exit status 4: the base commit is not in this clone*"])
    (project.path / "test_suite.py").unlink()
    project.write("test_plain.py", "def test_plain():\n    pass\n")
    assert 0 == project.run(*way).ret


def test_a_deleted_fork_is_a_fork(fork, project, github_event):
    """GitHub names no repository then."""
    github_event(head=None)
    assert 0 == project.run().ret
    assert project.session.against.is_fork


def test_the_variable_says_so_where_no_ci_system_does(fork, project, monkeypatch):
    """LLMEVAL_FORK, with LLMEVAL_BASE; a fork whose base nobody names cannot be judged."""
    monkeypatch.delenv("GITHUB_BASE_REF")
    monkeypatch.setenv("LLMEVAL_FORK", "1")
    assert 4 == project.run().ret
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    assert 0 == project.run().ret
    assert project.session.against.is_fork
    monkeypatch.setenv("LLMEVAL_FORK", "perhaps")
    assert 4 == project.run().ret


def test_shards_of_a_fork_are_judged_by_the_base_commit_too(fork, project, monkeypatch):
    """Gate and thresholds are that commit's, whatever the fork's ini says; the merge needs the commit as well."""
    project.write("pytest.ini", (project.path / "pytest.ini").read_text().replace("llmeval_gate = pr", ""))
    project.write("test_suite.py", WORSE)
    fork.commit("worse")
    machines = Machines(project, 2)
    assert [0, 0] == machines.run_all()

    assert 1 == machines.merge().returncode
    assert project.session.against.is_fork
    assert fork.base == project.session.against.commit

    monkeypatch.setenv("LLMEVAL_FORK", "false")
    done = machines.merge()
    assert 4 == done.returncode
    assert "do not agree whose branch this is" in done.stderr

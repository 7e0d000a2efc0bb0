"""On a branch the gate compares with the baseline of the base commit, found as the CI system or the user names it."""

import pytest

SUITE = """
import os
import pytest
from pytest_llmeval import assert_score

SCORES = eval(os.environ.get("SCORES", "{}"))
THRESHOLD = eval(os.environ.get("THRESHOLD", "0.5"))

@pytest.mark.llmeval(trials=10)
@pytest.mark.parametrize("case", ["a", "b", "c"])
def test_case(case, llmeval):
    assert_score("m", SCORES.get(case, [1] * 10)[llmeval.trial], threshold=THRESHOLD)
"""
A_BROKE = {"SCORES": "{'a': [0] * 10}"}


@pytest.fixture
def repository(project, repository):
    """On main a suite of three cases that passed ten of ten; a branch that has just left it."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    repository.base = repository.commit("suite and baseline")
    repository.git("checkout", "-q", "-b", "feature")
    return repository


def test_a_branch_cannot_move_its_own_baseline_without_a_reason(repository, project, monkeypatch, sentences, way):
    """An update on the branch writes no reason: red against main all the same, and said."""
    monkeypatch.setenv("SCORES", A_BROKE["SCORES"])
    assert 0 == project.run("--llmeval-baseline-update").ret
    repository.commit("a is worse, and the baseline with it")

    assert 0 == project.run(*way, "--llmeval-gate=pr").ret
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    result = project.run(*way, "--llmeval-gate=pr")

    assert 1 == result.ret
    said = sentences(result)
    assert "REGRESSED test_suite.py::test_case[a] m: passed 10 of 10 on main, 0 of 10 here." in said
    assert "this branch changed it without a reason, so the base commit's scores decide." in said
    against = project.session.against
    assert (repository.base, "main") == (against.commit, against.name)


def test_main_may_go_on_meanwhile(repository, project, monkeypatch):
    """It is where the branch left that counts, not the tip of main."""
    repository.git("checkout", "-q", "main")
    monkeypatch.setenv("SCORES", A_BROKE["SCORES"])
    assert 0 == project.run("--llmeval-baseline-update").ret
    repository.commit("main fell")
    repository.git("checkout", "-q", "feature")
    monkeypatch.setenv("LLMEVAL_BASE", "main")

    result = project.run("--llmeval-gate=pr")

    assert 1 == result.ret
    assert repository.base == project.session.against.commit


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB_BASE_REF": "main"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "{base}"},
        {"LLMEVAL_BASE": "origin/main", "GITHUB_BASE_REF": "other"},
    ],
)
def test_the_ci_system_names_the_base(repository, project, monkeypatch, github_event, variables):
    """GitHub Actions and GitLab by their variables; LLMEVAL_BASE wins."""
    repository.git("update-ref", "refs/remotes/origin/main", "main")
    if "GITHUB_BASE_REF" in variables:
        github_event(head="acme/app")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(base=repository.base))

    assert 0 == project.run("--llmeval-gate=pr").ret

    assert repository.base == project.session.against.commit
    assert not project.session.against.is_fork


def test_the_event_names_the_base_where_the_branch_was_not_fetched(repository, project, github_event):
    """As in a checkout of the merge commit: its first parent is there, by its id only."""
    github_event(head="acme/app", base_sha=repository.base)

    assert 0 == project.run("--llmeval-gate=pr").ret

    assert (repository.base, repository.base) == (project.session.against.commit, project.session.against.name)


def test_the_ini_names_the_base_where_no_ci_system_does(repository, project):
    """llmeval_base."""
    project.write("pytest.ini", "[pytest]\nllmeval_base = main\n")

    result = project.run("--llmeval-gate=pr")

    assert 0 == result.ret
    result.stdout.fnmatch_lines([f"*compared with the baseline of main at {repository.base[:12]}*"])


def test_without_anybody_naming_it_the_working_trees_baseline_is_taken(repository, project):
    """As outside of a repository: a developer accepts, and runs again."""
    assert 0 == project.run("--llmeval-gate=pr").ret
    assert "" == project.session.against.commit


def test_outside_of_a_repository_the_working_trees_baseline_is_taken(project, monkeypatch):
    """There is no other."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    monkeypatch.setenv("LLMEVAL_BASE", "origin/main")

    assert 0 == project.run("--llmeval-gate=pr").ret


def test_a_shallow_clone_is_4_with_the_command_that_helps(repository, project, monkeypatch, way):
    """The command, obeyed to the letter, makes the next run green."""
    project.write("notes.txt", "one more commit")
    repository.commit("a change")
    clone = project.path / "clone"
    url = f"file://{project.path}"
    repository.git("clone", "-q", "--depth", "1", "--branch", "feature", url, str(clone))
    monkeypatch.setenv("LLMEVAL_BASE", "origin/main")
    monkeypatch.chdir(clone)

    result = project.run(*way, "--llmeval-gate=pr")

    assert 4 == result.ret
    fetch = "git fetch --no-tags --deepen=100 origin +refs/heads/main:refs/remotes/origin/main"
    result.stderr.fnmatch_lines(["*the base commit is not in this clone: 'origin/main' (LLMEVAL_BASE)*", f"*{fetch}"])
    repository.git(*fetch.split()[1:], cwd=clone)
    assert 0 == project.run(*way, "--llmeval-gate=pr").ret


def test_tips_without_the_way_between_them_are_4_as_well(repository, project, monkeypatch):
    """Both tips are there, and the commit at which they parted is not."""
    project.write("notes.txt", "one more commit")
    repository.commit("a change")
    repository.git("checkout", "-q", "main")
    project.write("other.txt", "main goes on")
    repository.commit("main goes on")
    clone = project.path / "clone"
    url = f"file://{project.path}"
    repository.git("clone", "-q", "--depth", "1", "--no-single-branch", "--branch", "feature", url, str(clone))
    monkeypatch.setenv("LLMEVAL_BASE", "origin/main")
    monkeypatch.chdir(clone)

    result = project.run("--llmeval-gate=pr")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*the commit at which this branch left 'origin/main'*", "*the clone is shallow*"])
    fetch = "git fetch --no-tags --deepen=100 origin +refs/heads/main:refs/remotes/origin/main"
    result.stderr.fnmatch_lines([f"*{fetch}"])
    repository.git(*fetch.split()[1:], cwd=clone)
    assert 0 == project.run("--llmeval-gate=pr").ret


def test_a_malformed_file_of_the_base_commit_is_4_and_named_with_it(repository, project, monkeypatch, way):
    """Though the working tree's own file is whole."""
    (file,) = (project.path / "baselines").rglob("*.jsonl")
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    broken = repository.commit("cut")
    file.write_bytes(whole)
    repository.commit("mended")
    monkeypatch.setenv("LLMEVAL_BASE", "HEAD~1")

    result = project.run(*way, "--llmeval-gate=pr")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(
        [f"*test_case.jsonl* is malformed at line *, in commit '{broken[:12]}'*", "*truncated*"]
    )


def test_no_baseline_in_the_base_commit_is_6(repository, project, monkeypatch):
    """The branch's own, written without a reason, is none."""
    first = repository.git("commit-tree", "-m", "empty", repository.git("mktree", "--missing"))
    monkeypatch.setenv("LLMEVAL_BASE", "nothing")
    repository.git("branch", "nothing", first)
    assert 4 == project.run("--llmeval-gate=pr").ret  # no commit in common

    repository.git("checkout", "-q", "--orphan", "young")
    repository.git("rm", "-rq", "--cached", "baselines")
    repository.git("commit", "-qm", "without a baseline")
    monkeypatch.setenv("LLMEVAL_BASE", "HEAD")

    result = project.run("--llmeval-gate=pr")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["*no verdict is possible: there is no baseline yet*"])
    assert "baseline's own recordings" not in result.stdout.str()


def test_a_gate_that_is_off_asks_git_for_nothing(repository, project, monkeypatch):
    """A base that cannot be found is no business of a run without a gate."""
    monkeypatch.setenv("LLMEVAL_BASE", "no-such-branch")

    assert 0 == project.run().ret
    assert 4 == project.run("--llmeval-gate=pr").ret

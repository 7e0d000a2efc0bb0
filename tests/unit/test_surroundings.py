"""What CI systems say of a branch, and the settings of a base commit."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest

from pytest_llmeval.errors import UsageError
from pytest_llmeval.options.of_base import _parse, config_files
from pytest_llmeval.options.parsing import floor
from pytest_llmeval.options.surroundings import surroundings
from pytest_llmeval.plugin.same_options import same_options


def test_github_names_branch_and_commit(tmp_path):
    """Of the event file the commit, in case the branch was not fetched."""
    event = tmp_path / "event.json"
    repo = {"full_name": "acme/app"}
    event.write_text(json.dumps({"pull_request": {"base": {"sha": "abc", "repo": repo}, "head": {"repo": repo}}}))
    found = surroundings({"GITHUB_BASE_REF": "release/2", "GITHUB_EVENT_PATH": str(event)}, "origin/main")

    assert (("origin/release/2", "abc"), "release/2", False) == (found.revisions, found.branch, found.is_fork)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pull_request": 3}', '{"pull_request": {"head": {"repo": null}}}'])
def test_an_event_that_cannot_be_read_is_a_forks(tmp_path, text):
    """Nothing proves that the branch is the repository's own."""
    event = tmp_path / "event.json"
    event.write_text(text)

    assert surroundings({"GITHUB_BASE_REF": "main", "GITHUB_EVENT_PATH": str(event)}).is_fork
    assert surroundings({"GITHUB_BASE_REF": "main"}).is_fork
    assert not surroundings({"GITHUB_BASE_REF": "main", "LLMEVAL_FORK": "false"}).is_fork


def test_gitlab_names_the_base_itself_and_two_projects():
    """The commit of the merge request's diff, then the branch."""
    variables = {
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "abc",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2",
    }
    found = surroundings(variables)

    assert (("abc", "origin/main"), True) == (found.revisions, found.is_fork)
    assert not surroundings({**variables, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1"}).is_fork


def test_the_environment_wins_over_ci_and_ci_over_the_ini():
    """The ini is the branch's own."""
    ci = {"GITHUB_BASE_REF": "main", "LLMEVAL_FORK": "0"}

    assert ("upstream/dev",) == surroundings({**ci, "LLMEVAL_BASE": "upstream/dev"}, "mine").revisions
    assert ("origin/main",) == surroundings(ci, "mine").revisions
    assert (("mine",), "llmeval_base") == (surroundings({}, "mine").revisions, surroundings({}, "mine").source)
    assert () == surroundings({}).revisions
    with pytest.raises(UsageError, match="LLMEVAL_FORK='perhaps' is not allowed"):
        surroundings({"LLMEVAL_FORK": "perhaps"})


def test_pytests_files_are_looked_for_upwards_to_the_top():
    """In each folder in pytest's order."""
    files = config_files(PurePosixPath("service/tests"))

    assert PurePosixPath("service/tests/pytest.toml") == files[0]
    assert PurePosixPath("setup.cfg") == files[-1]
    assert files.index(PurePosixPath("service/pyproject.toml")) < files.index(PurePosixPath("pytest.ini"))
    assert [PurePosixPath("ci.ini")] == config_files(PurePosixPath("x"), PurePosixPath("ci.ini"))


def test_guarded_options_are_read_among_pytests_others():
    """With a space or an equals sign, the last one counts; a bare update means all; ``-o`` is heard."""
    args = ["tests", "-n2", "--llmeval-gate", "off", "--llmeval-gate=pr", "--llmeval-baseline-update", "-k", "x"]
    flags, overridden = _parse(
        [*args, "--llmeval-fail-under=0.5", "--llmeval-fail-under", "m:0.6", "-ollmeval_gate=off"]
    )

    assert {"gate": "pr", "baseline_update": "all", "fail_under": "0.5\nm:0.6"} == flags
    assert {"llmeval_gate": "off"} == overridden


@pytest.mark.parametrize(
    ("text", "expected"), [("0.8", ("", 0.8)), ("relevance:0.7", ("relevance", 0.7)), ("a:b:1", ("a:b", 1.0))]
)
def test_a_floor_names_a_metric_or_none(text, expected):
    """The last colon parts them."""
    assert expected == floor(text)


@pytest.mark.parametrize("text", ["", "relevance", ":0.5", "relevance:2", "relevance:nan", "80%"])
def test_a_floor_that_cannot_be_obeyed_is_refused(text):
    """With what is allowed."""
    with pytest.raises(ValueError, match="METRIC:MIN"):
        floor(text)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["-n2", "tests/test_a.py", "-p", "no:randomly"], ["-n2", "-p", "no:randomly"]),
        (["--llmeval-confirm", "--llmeval-gate=pr", "--llmeval-gate", "strict", "-v"], ["-v"]),
        (["-k", "refund", "-kx", "-m", "slow", "-x", "--maxfail=1", "--lf"], []),
        (["--junitxml", "out.xml", "--cov", "app", "--cov-report=html", "--llmeval-model=m"], ["--llmeval-model=m"]),
        (["--llmeval-baseline-update", "-v", "--llmeval-mlflow", "http://x"], ["-v"]),
        (["-c", "ci.ini", "-o", "a=b", "--env=staging"], ["-c", "ci.ini", "-o", "a=b", "--env=staging"]),
    ],
)
def test_another_run_takes_over_what_neither_selects_nor_stops_nor_writes(typed, expected):
    """A report of the base version must not overwrite this run's."""
    assert expected == same_options(typed, ["tests/test_a.py"])

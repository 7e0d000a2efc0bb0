"""``llmeval comment`` keeps one comment of a pull request: in the job that tested, and after the run of a fork."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.exports import markdown
from pytest_llmeval.gather import session_file
from tests.unit.github_server import BOT, COMMIT, GitHub
from tests.unit.sessions import session
from tests.unit.test_exports_terminal import hostile_session


@pytest.fixture
def github(monkeypatch, tmp_path):
    """A repository with a pull request, in whose job we are."""
    server = GitHub()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/app")
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    monkeypatch.setenv("GITHUB_RUN_ID", "41")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    yield server
    server.close()


def _in_pull_request(tmp_path, head: str = "acme/app", commit: str = COMMIT) -> None:
    pull = {"number": 7, "head": {"sha": commit, "repo": {"full_name": head}}}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": pull}), encoding="utf-8")


def _after_run(tmp_path, head: str = "mallory/app", commit: str = COMMIT) -> None:
    run = {"id": 42, "head_sha": commit, "head_branch": "shorter", "head_repository": {"full_name": head}}
    (tmp_path / "event.json").write_text(json.dumps({"workflow_run": run}), encoding="utf-8")


def _stored(tmp_path, found=None) -> bytes:
    return session_file.write(found or session(), tmp_path / ".llmeval").read_bytes()


def test_the_first_run_makes_a_comment_and_the_next_replaces_it(github, tmp_path, capsys):
    """What people wrote is left alone, even where it looks like ours, and however many there are."""
    _in_pull_request(tmp_path)
    for number in range(150):
        github.say(f"{markdown.MARK} --> {number}", author="mallory")
    _stored(tmp_path)
    assert 0 == main(["comment"])
    _stored(tmp_path, session(exit_line="exit status 0: the gate is open"))
    assert 0 == main(["comment"])
    assert "comment/151\n" * 2 == capsys.readouterr().out
    ours = [one["body"] for one in github.comments if one["user"]["login"] == BOT]
    page = markdown.render(session(exit_line="exit status 0: the gate is open"))
    assert [f"{page.rstrip()}\n\n[This run](https://github.com/acme/app/actions/runs/41), at {COMMIT[:12]}\n"] == ours


def test_several_sessions_have_a_comment_each(github, tmp_path):
    """A key tells them apart."""
    _in_pull_request(tmp_path)
    _stored(tmp_path)
    for key in ("de", "fr", "de"):
        assert 0 == main(["comment", "--key", key])
    assert ["<!-- pytest-llmeval de -->", "<!-- pytest-llmeval fr -->"] == [
        one["body"].splitlines()[0] for one in github.comments
    ]


def test_the_job_of_a_fork_writes_nothing_and_does_not_fail(github, tmp_path, capsys):
    """Its token may not write, and the second workflow does it."""
    _in_pull_request(tmp_path, head="mallory/app")
    assert 0 == main(["comment"])
    assert "a workflow on workflow_run does" in capsys.readouterr().out
    assert [] == github.comments


def test_after_the_run_of_a_fork_its_session_is_commented_on(github, tmp_path):
    """The page is made here: no link, mention or markup of its artifact is alive, and its verdict is called its own."""
    github.head["repo"] = {"full_name": "mallory/app"}
    _after_run(tmp_path)
    github.pack(session__jsonl=_stored(tmp_path, hostile_session()), page__md=b"@everyone [x](http://evil)")
    assert 0 == main(["comment"])
    (found,) = github.comments
    page = markdown.render(hostile_session())
    assert found["body"].startswith(page.rstrip())
    assert "*The branch is of another repository: these figures are what its own run wrote.*" in found["body"]
    assert "@everyone" not in found["body"]


def test_the_token_goes_to_the_api_alone(github, tmp_path):
    """The archive lies in a storage that has no right to it."""
    github.head["repo"] = {"full_name": "mallory/app"}
    _after_run(tmp_path)
    github.pack(session__jsonl=_stored(tmp_path))
    main(["comment"])
    assert {path: has for _, path, has in github.requests}.pop("/storage") is False
    assert all(has for _, path, has in github.requests if path != "/storage")


@pytest.mark.parametrize("after_run", [True, False])
def test_an_old_run_does_not_overwrite_a_newer_comment(github, tmp_path, capsys, after_run):
    """Where the branch has moved on, its next run speaks."""
    _stored(tmp_path)
    (_after_run if after_run else _in_pull_request)(tmp_path, head="acme/app", commit="0" * 40)
    assert 0 == main(["comment"])
    assert [] == github.comments
    said = "no open pull request is at 000000000000" if after_run else "the branch has moved on from 000000000000"
    assert said in capsys.readouterr().out


def test_another_pull_request_cannot_be_named_by_the_artifact(github, tmp_path):
    """It is found by repository, branch and commit of the run: the same branch name elsewhere is not it."""
    _after_run(tmp_path, head="mallory/app")
    github.pack(session__jsonl=_stored(tmp_path))
    assert 0 == main(["comment"])
    assert [] == github.comments


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"other__txt": b"x"}, "the artifact holds no file 'session.jsonl'"),
        ({"session__jsonl": b"{}"}, "is malformed at line 1"),
        (b"no archive", "the artifact is no archive that can be read"),
    ],
    ids=["other", "malformed", "no-zip"],
)
def test_what_cannot_be_read_is_named(github, tmp_path, capsys, files, said):
    """Exit status 4, and no comment."""
    github.head["repo"] = {"full_name": "mallory/app"}
    _after_run(tmp_path)
    if isinstance(files, bytes):
        github.archive = files
    else:
        github.pack(**files)
    assert 4 == main(["comment"])
    assert said in capsys.readouterr().err
    assert [] == github.comments


def test_a_run_without_a_session_leaves_no_old_page_standing(github, tmp_path):
    """A reviewer must not take the last commit's verdict for this one's."""
    _in_pull_request(tmp_path)
    _stored(tmp_path)
    main(["comment"])
    _after_run(tmp_path, head="acme/app")
    assert 0 == main(["comment"])
    (found,) = github.comments
    assert found["body"].startswith("<!-- pytest-llmeval -->\n## llmeval: NO SESSION\n")
    assert f"[This run](https://github.com/acme/app/actions/runs/42), at {COMMIT[:12]}" in found["body"]


def test_a_token_that_may_not_write_is_told_what_it_lacks(github, tmp_path, capsys):
    """And does not show itself."""
    _in_pull_request(tmp_path)
    _stored(tmp_path)
    github.is_readonly = True
    assert 4 == main(["comment"])
    said = capsys.readouterr().err
    assert "status 403: Resource not accessible by integration" in said
    assert "pull-requests: write" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("event", ["{}", "[]", "no json"])
def test_elsewhere_it_says_what_it_is_for(github, tmp_path, capsys, event):
    """A push is no pull request."""
    (tmp_path / "event.json").write_text(event, encoding="utf-8")
    assert 4 == main(["comment"])
    assert "llmeval: " in capsys.readouterr().err


def test_a_key_is_no_markup(github, capsys):
    """It stands in an HTML comment."""
    assert 4 == main(["comment", "--key=--><b>"])
    assert "--key='--><b>' is not allowed" in capsys.readouterr().err

"""Promises of the one door to git: it reads what a commit holds, changes nothing, and fails in our words."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.errors import GitError
from pytest_llmeval.store import git

if TYPE_CHECKING:
    from pathlib import Path


def run(folder: Path, *arguments: str) -> str:
    """Run git as a person does."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.strip()


def commit(folder: Path, subject: str) -> str:
    """Commit all that stands in the folder, and return the commit's id."""
    run(folder, "add", "--all")
    run(folder, "commit", "--quiet", "--allow-empty", "--message", subject)
    return run(folder, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout without a commit, of a person called Ada."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    folder = tmp_path / "checkout"
    folder.mkdir()
    run(folder, "init", "--quiet")
    return folder


def test_a_file_is_read_as_a_commit_holds_it(checkout: Path):
    """Whatever stands there now; None where the commit has no such file."""
    path = checkout / "odd [name]*.jsonl"
    path.write_bytes(b"old\r\n\0")
    first = commit(checkout, "first")
    path.write_bytes(b"new")
    commit(checkout, "second")
    path.unlink()

    assert b"old\r\n\0" == git.show(checkout, first, path)
    assert b"new" == git.show(checkout, "HEAD", path)
    assert b"old\r\n\0" == git.show(checkout, "HEAD~1", path)
    assert None is git.show(checkout, "HEAD", checkout / "odd n.jsonl")


def test_all_files_of_a_folder_are_read_and_those_of_no_other(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    """By the path that was asked for, from a folder below as well; an empty file is a file, a link is none."""
    for name in ("kept/a/x.jsonl", "kept/é.jsonl", "kept2/y.jsonl"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("" if "é" in name else name)
    (checkout / "kept/link.jsonl").symlink_to("a/x.jsonl")
    commit(checkout, "first")
    kept = checkout / "kept"

    assert {kept / "a/x.jsonl": b"kept/a/x.jsonl", kept / "é.jsonl": b""} == git.files(checkout, "HEAD", kept)
    assert 3 == len(git.files(kept, "HEAD", checkout))
    assert {} == git.files(checkout, "HEAD", checkout / "nowhere")
    monkeypatch.chdir(kept)
    assert {type(kept)("a/x.jsonl"): b"kept/a/x.jsonl"} == git.files(kept, "HEAD", type(kept)("a"))


def test_what_changed_since_head_is_named(checkout: Path):
    """Edited, deleted, new; not what git ignores, nor what stands elsewhere."""
    for name in ("edited", "deleted", "kept", "other"):
        (checkout / name).write_text("1")
    (checkout / ".gitignore").write_text("ignored\n")
    commit(checkout, "first")
    (checkout / "edited").write_text("2")
    (checkout / "deleted").unlink()
    (checkout / "new\nline").write_text("1")
    (checkout / "ignored").write_text("1")

    told = {str(change.path): change.code for change in git.changes(checkout)}

    assert {"edited": " M", "deleted": " D", "new\nline": "??"} == told
    assert {"edited", "deleted"} == {str(change.path) for change in git.changes(checkout, has_new=False)}
    assert ["edited"] == [str(change.path) for change in git.changes(checkout, checkout / "edited", checkout / "kept")]


def test_a_log_names_who_when_and_why_newest_first(checkout: Path):
    """Only commits that touched the path."""
    assert [] == git.log(checkout, checkout)
    (checkout / "a").write_text("1")
    first = commit(checkout, "first: ümlaut")
    commit(checkout, "empty")
    (checkout / "a").write_text("2")
    last = commit(checkout, "last")

    found = git.log(checkout, checkout / "a")

    assert [(last, "Ada", "last"), (first, "Ada", "first: ümlaut")] == [(c.id, c.author, c.subject) for c in found]
    assert run(checkout, "log", "-1", "--format=%aI") == found[0].authored_at
    assert [last] == [c.id for c in git.log(checkout, checkout / "a", since=first)]
    assert [last] == [c.id for c in git.log(checkout, checkout / "a", limit=1)]


def test_what_differs_between_two_commits_is_named(checkout: Path):
    """New, edited, deleted and moved, by path from the top."""
    for name in ("edited", "deleted", "kept"):
        (checkout / name).write_text("1")
    first = commit(checkout, "first")
    (checkout / "edited").write_text("2")
    (checkout / "deleted").rename(checkout / "moved")
    commit(checkout, "second")

    assert ["deleted", "edited", "moved"] == [str(path) for path in git.changed_between(checkout, first, "HEAD")]
    assert [] == git.changed_between(checkout, first, first)


def test_the_main_branch_is_origins_default_else_main(checkout: Path, tmp_path: Path):
    """Here and on origin: the two may differ by what is not pushed."""
    assert {} == git.main_commits(checkout)
    first = commit(checkout, "first")
    assert {"refs/heads/main": first} == git.main_commits(checkout)

    run(checkout, "branch", "--move", "main", "trunk")
    run(tmp_path, "clone", "--quiet", checkout.as_uri(), "clone")
    clone = tmp_path / "clone"
    second = commit(clone, "not pushed")
    run(clone, "branch", "main")
    assert {} == git.main_commits(checkout)
    assert {"refs/heads/trunk": second, "refs/remotes/origin/trunk": first} == git.main_commits(clone)


def test_the_newest_common_commit_is_found(checkout: Path):
    """What a pull request is compared with."""
    base = commit(checkout, "base")
    commit(checkout, "main")
    run(checkout, "checkout", "--quiet", "-b", "topic", base)
    commit(checkout, "topic")

    assert base == git.merge_base(checkout, "main", "topic")


def test_a_shallow_clone_says_how_to_get_the_rest(checkout: Path, tmp_path: Path):
    """As CI systems make them."""
    first = commit(checkout, "first")
    commit(checkout, "second")
    run(tmp_path, "clone", "--quiet", "--depth=1", checkout.as_uri(), "shallow")
    clone = tmp_path / "shallow"

    assert [False, True] == [git.is_shallow(checkout), git.is_shallow(clone)]
    for ask in (git.commit_of, lambda folder, revision: git.merge_base(folder, "HEAD", revision)):
        with pytest.raises(GitError) as caught:
            ask(clone, first)
        assert "git fetch --unshallow" == caught.value.hint


@pytest.mark.parametrize("revision", ["nothing", "", "--help", "-h", "HEAD:a", "a..b", "--output=x"])
def test_an_unknown_revision_is_an_error_with_its_name(checkout: Path, revision: str):
    """Never an option of git's, whatever it looks like."""
    commit(checkout, "first")

    with pytest.raises(GitError, match="is no commit in this clone") as caught:
        git.commit_of(checkout, revision)
    assert repr(revision) in caught.value.what
    assert [checkout / ".git"] == list(checkout.iterdir())


def test_a_folder_outside_git_is_no_checkout(tmp_path: Path, checkout: Path):
    """Top is None; what needs one is refused, and a path outside the checkout as well."""
    commit(checkout, "first")

    assert (None, checkout) == (git.top(tmp_path), git.top(checkout))
    with pytest.raises(GitError, match="is no git checkout"):
        git.changes(tmp_path)
    with pytest.raises(GitError, match="lies outside the git checkout"):
        git.files(checkout, "HEAD", tmp_path)


def test_without_git_there_is_no_checkout(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch):
    """No traceback about a missing program."""
    assert "Ada" == git.user(checkout)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert (None, "") == (git.top(checkout), git.user(checkout))
    with pytest.raises(GitError, match="there is no git on this machine"):
        git.commit_of(checkout)

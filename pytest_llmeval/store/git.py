"""The user's git, asked by its command: what stood in a file at a commit, what changed since, who did it.

Every function takes a folder of the checkout. Nothing here changes the checkout, waits for a password or needs a shell.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmeval.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Sequence

# A status of a huge checkout on a slow disk takes seconds; a git that asks a dead server for objects takes for ever.
_TIMEOUT_S = 120
_ENVIRONMENT = {
    "LC_ALL": "C",  # its words are read below
    "GIT_OPTIONAL_LOCKS": "0",  # a reader must not get into a person's way
    "GIT_LITERAL_PATHSPECS": "1",  # node ids are full of brackets
    "GIT_TERMINAL_PROMPT": "0",
}
_NO_CHECKOUT = ("not a git repository", "must be run in a work tree")
_MODE_OF_A_FILE = b"100"


class _NoGit(GitError):
    """There is no program of this name."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit of a log; ``authored_at`` is ISO 8601 with its offset, ``subject`` the first line of its message."""

    id: str
    author: str
    authored_at: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One path that differs from HEAD, relative to the top; ``code`` is the two letters of ``git status --short``."""

    path: PurePosixPath
    code: str


def top(folder: Path) -> Path | None:
    """Return the top of the checkout that the folder stands in, None where it stands in none or there is no git.

    Raises:
        GitError: git refuses to say, as for a checkout of another owner.
    """
    try:
        return Path(os.fsdecode(run(folder, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    except _NoGit:
        return None
    except GitError as error:
        if any(words in error.found for words in _NO_CHECKOUT):
            return None
        raise


def commit_of(folder: Path, revision: str = "HEAD") -> str:
    """Return the full id of the commit that a revision names: a branch, a tag, ``HEAD~2``, an id.

    Raises:
        GitError: it names no commit that this clone holds; the hint says so where the clone is shallow.
    """
    # `--` and `--end-of-options` are not understood by every rev-parse; no revision begins with a dash.
    name = "" if revision.startswith("-") else revision
    try:
        return run(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
    except _NoGit:
        raise
    except GitError as error:
        hint = "git fetch --unshallow" if is_shallow(_required_top(folder)) else "git log --oneline"
        found = error.found or f"looked in {str(folder)!r}"
        raise GitError(f"revision {revision!r} is no commit in this clone", found=found, hint=hint) from None


def has_commits(folder: Path) -> bool:
    """Whether HEAD is a commit; in a checkout that was just made it is none."""
    try:
        commit_of(folder)
    except GitError:
        return False
    return True


def is_shallow(folder: Path) -> bool:
    """Whether the clone holds only the newest commits, as CI systems make them."""
    return run(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"


def merge_base(folder: Path, one: str, other: str) -> str:
    """Return the id of the newest commit that both revisions descend from.

    Raises:
        GitError: they have none in common, or a shallow clone does not hold it; the hint says how to get it.
    """
    ids = [commit_of(folder, revision) for revision in (one, other)]
    try:
        return run(folder, "merge-base", *ids).decode().strip()
    except GitError as error:
        hint = "git fetch --unshallow" if is_shallow(folder) else "name another revision"
        raise GitError(f"{one!r} and {other!r} have no commit in common", found=error.found, hint=hint) from None


def show(folder: Path, revision: str, path: Path) -> bytes | None:
    """Return what stood in a file at a commit, None where there was no such file.

    Args:
        folder: of the checkout.
        revision: as ``commit_of`` takes it.
        path: of the file, from the current folder or absolute; it need not exist now.

    Raises:
        GitError: the revision is unknown, or the path lies outside the checkout.
    """
    return files(folder, revision, path).get(path)


def files(folder: Path, revision: str, under: Path) -> dict[Path, bytes]:
    """Return what stood in every file below a folder at a commit; two processes, however many files.

    Args:
        folder: of the checkout.
        revision: as ``commit_of`` takes it.
        under: the folder, or one file, from the current folder or absolute; it need not exist now.

    Returns:
        Contents by path, each path below ``under`` as that is spelt, sorted. Links and submodules are left out.

    Raises:
        GitError: the revision is unknown, or the path lies outside the checkout.
    """
    commit = commit_of(folder, revision)
    place = _from_top(folder, under)
    # An empty pathspec means nothing at all to git; the top itself is no pathspec.
    paths = [str(place)] if place.parts else []
    listed = run(folder, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    blobs: dict[Path, bytes] = {}
    for entry in listed.split(b"\0")[:-1]:
        facts, _, name = entry.partition(b"\t")
        mode, _, blob = facts.split(b" ")
        if mode.startswith(_MODE_OF_A_FILE):
            blobs[under / PurePosixPath(os.fsdecode(name)).relative_to(place)] = blob
    return dict(zip(blobs, _contents(folder, list(blobs.values())), strict=True))


def changes(folder: Path, *paths: Path, has_new: bool = True) -> list[Change]:
    """Return what differs from HEAD in the checkout.

    Args:
        folder: of the checkout.
        paths: files or folders to look at; none: all of the checkout.
        has_new: with files that git does not know, unless it ignores them.

    Raises:
        GitError: it is no checkout, or a path lies outside it.
    """
    root = _required_top(folder)
    places = [str(_from_top(folder, path)) for path in paths]
    new = f"--untracked-files={'all' if has_new else 'no'}"
    told = run(root, "status", "--porcelain=v1", "-z", "--no-renames", new, "--", *places)
    entries = told.split(b"\0")[:-1]
    return [Change(path=PurePosixPath(os.fsdecode(entry[3:])), code=entry[:2].decode()) for entry in entries]


def changed_between(folder: Path, one: str, other: str) -> list[PurePosixPath]:
    """Return the paths that differ between two commits, relative to the top, sorted.

    Raises:
        GitError: a revision is unknown.
    """
    ids = [commit_of(folder, revision) for revision in (one, other)]
    told = run(folder, "diff-tree", "-r", "-z", "--name-only", "--no-renames", *ids)
    return [PurePosixPath(os.fsdecode(name)) for name in told.split(b"\0")[:-1]]


def main_commits(folder: Path) -> dict[str, str]:
    """Return the commits of the main branch, here and on origin, by the branch's full name; empty where there is none.

    The main branch is the one that origin calls its default, else ``main``, else ``master``.
    """
    told = run(folder, "for-each-ref", "--format=%(refname) %(objectname) %(symref)", "refs/heads", "refs/remotes")
    commits, default = {}, ""
    for row in os.fsdecode(told).splitlines():
        name, commit, symbolic = row.split(" ", 2)
        if name == "refs/remotes/origin/HEAD":
            default = symbolic.removeprefix("refs/remotes/origin/")
        else:
            commits[name] = commit
    for branch in filter(None, (default, "main", "master")):
        names = (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}")
        found = {name: commits[name] for name in names if name in commits}
        if found:
            return found
    return {}


def log(folder: Path, *paths: Path, since: str = "", limit: int = 0) -> list[Commit]:
    """Return the commits that changed one of the files, or anything below one of the folders, newest first.

    Args:
        folder: of the checkout.
        paths: from the current folder or absolute; none: every commit.
        since: leave out what this revision holds; empty: all of it.
        limit: most commits; 0: all.

    Raises:
        GitError: it is no checkout, ``since`` is unknown, or the path lies outside the checkout.
    """
    root = _required_top(folder)
    if not has_commits(folder):
        return []
    span = f"{commit_of(folder, since)}..HEAD" if since else "HEAD"
    most = [f"--max-count={limit}"] if limit else []
    fields = "%H%x00%an%x00%aI%x00%s%x00"
    places = [str(_from_top(folder, path)) for path in paths]
    told = run(root, "log", "--no-show-signature", f"--format=tformat:{fields}", *most, span, "--", *places)
    words = os.fsdecode(told).split("\0")[:-1]
    rows = [words[start : start + 4] for start in range(0, len(words), 4)]
    return [Commit(id=row[0].strip(), author=row[1], authored_at=row[2], subject=row[3]) for row in rows]


def user(folder: Path) -> str:
    """Return git's user.name, empty where there is no git or no name."""
    try:
        return os.fsdecode(run(folder, "config", "user.name")).strip()
    except GitError:
        return ""


def _required_top(folder: Path) -> Path:
    found = top(folder)
    if found is None:
        raise GitError(f"{str(folder)!r} is no git checkout", hint="git init, or name a folder of one")
    return found


def _from_top(folder: Path, path: Path) -> PurePosixPath:
    root = _required_top(folder)
    # Links in the way are followed, as git follows none; the last name is taken as it is, since it may be gone.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve would follow it
    try:
        return PurePosixPath((absolute.parent.resolve() / absolute.name).relative_to(root.resolve()))
    except ValueError:
        raise GitError(
            f"{str(path)!r} lies outside the git checkout", found=f"its top is {str(root)!r}", hint="name a path in it"
        ) from None


def _contents(folder: Path, blobs: Sequence[bytes]) -> list[bytes]:
    if not blobs:
        return []
    told = run(folder, "cat-file", "--batch", given=b"\n".join(blobs) + b"\n")
    found, at = [], 0
    for blob in blobs:
        end = told.index(b"\n", at)
        header = told[at:end].split(b" ")
        if header[0] != blob or len(header) != 3:  # noqa: PLR2004 - id, type, size
            raise GitError(f"git cannot read object {blob.decode()}", found=told[at:end].decode(errors="replace"))
        size = int(header[2])
        found.append(told[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def run(folder: Path, *arguments: str, given: bytes | None = None) -> bytes:
    """Return what git prints; raises GitError where it fails or there is none."""
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=folder,
            env={**os.environ, **_ENVIRONMENT},
            input=given or b"",
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        if folder.is_dir() and isinstance(error, FileNotFoundError):
            raise _NoGit("there is no git on this machine", hint="install git") from None
        raise GitError(f"git cannot be run in {str(folder)!r}", found=str(error)) from error
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} did not end within {_TIMEOUT_S} s", found=f"in {str(folder)!r}") from None
    if done.returncode:
        found = os.fsdecode(done.stderr).strip()
        raise GitError(f"git {arguments[0]} failed in {str(folder)!r}", found=" ".join(found.split()))
    return done.stdout

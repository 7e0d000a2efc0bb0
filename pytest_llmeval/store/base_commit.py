"""Which commit is a branch compared with: where it left what it is to be merged into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import GitError
from pytest_llmeval.store import git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# How far one fetch goes back; a branch that has left long ago needs several.
_DEEPER = 100


def find(root: Path, revisions: Sequence[str], *, branch: str, source: str) -> tuple[str, str]:
    """Return the base commit's id, and the name by which it was found.

    Args:
        root: a folder of the checkout.
        revisions: what the branch is to be merged into, as git may know it, best first; at least one.
        branch: its name at the remote.
        source: who named them, for a message.

    Raises:
        GitError: none of them is in this clone, or the clone does not hold the commit at which the branch left; the
            hint is the command that fetches what is missing.
    """
    known = next((revision for revision in revisions if _is_known(root, revision)), None)
    if known is None:
        raise GitError(
            f"the base commit is not in this clone: {revisions[0]!r} ({source})",
            found=f"looked for {', '.join(revisions)} in {str(root)!r}{_depth(root)}",
            hint=_fetch(root, revisions[0], branch),
        )
    try:
        return git.merge_base(root, "HEAD", known), known
    except GitError as error:
        is_shallow = git.is_shallow(root)
        raise GitError(
            f"the commit at which this branch left {known!r} ({source}) is not in this clone",
            found=f"HEAD and {known} have none in common{_depth(root)}; {error.found}".removesuffix("; "),
            hint=_fetch(root, known, branch) if is_shallow else "name another revision by llmeval_base or LLMEVAL_BASE",
        ) from None


def _is_known(root: Path, revision: str) -> bool:
    try:
        git.commit_of(root, revision)
    except GitError:
        return False
    return True


def _depth(root: Path) -> str:
    return "; the clone is shallow" if git.is_shallow(root) else ""


def _fetch(root: Path, revision: str, branch: str) -> str:
    """Return the command that brings the branch, and some of the way back to where this one left it."""
    first, _, _ = revision.removeprefix("refs/remotes/").partition("/")
    remote = first if first in git.run(root, "remote").decode().split() else "origin"
    deepen = f"--deepen={_DEEPER} " if git.is_shallow(root) else ""
    return f"git fetch --no-tags {deepen}{remote} +refs/heads/{branch}:refs/remotes/{remote}/{branch}"

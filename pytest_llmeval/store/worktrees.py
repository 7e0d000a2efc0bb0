"""Another commit checked out beside the user's checkout, by the user's git; and taken away again."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmeval.errors import GitError
from pytest_llmeval.store import git

if TYPE_CHECKING:
    from pathlib import Path


def add(folder: Path, revision: str, at: Path) -> None:
    """Check a commit out into a new folder; neither the checkout nor its index nor a branch is touched, no hook runs.

    Args:
        folder: of the checkout.
        revision: the commit.
        at: the new folder; ``remove`` takes it away again.

    Raises:
        GitError: the revision is unknown, or the folder cannot be written.
    """
    commit = git.commit_of(folder, revision)
    git.run(folder, "-c", f"core.hooksPath={os.devnull}", "worktree", "add", "--quiet", "--detach", str(at), commit)


def remove(folder: Path, at: Path) -> None:
    """Take a worktree away, whatever stands in it, and git's note of it; fine where it is gone already."""
    shutil.rmtree(at, ignore_errors=True)
    with suppress(GitError):
        git.run(folder, "worktree", "prune")

"""The base commit of a branch: where it is, and what its baseline says once the branch's acceptances are in it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmeval.errors import GitError
from pytest_llmeval.options.surroundings import FORK

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.gate.acceptances import Held
    from pytest_llmeval.options.surroundings import Surroundings
    from pytest_llmeval.records import Baseline


class Base:
    """The base commit of the branch under test.

    Args:
        commit: its full id.
        name: how it was found, such as ``origin/main``.
        folder: of the baseline.
        today: ISO date, on which an acceptance may have expired.
        is_fork: whether the branch's own baseline counts for nothing.
    """

    def __init__(self, commit: str, name: str, *, folder: Path, today: str, is_fork: bool) -> None:
        self.commit = commit
        self.name = name
        self.is_fork = is_fork
        self._folder = folder
        self._today = today

    @cached_property
    def stored(self) -> Baseline:
        """The baseline of that commit; one that stands outside the checkout belongs to no commit, and is read as it is.

        Raises:
            LlmevalError: it is malformed.
        """
        from pytest_llmeval.store import baseline_history, git

        top = git.top(baseline_history.standing(self._folder))
        if top is None or not self._folder.resolve().is_relative_to(top.resolve()):
            return self.own
        return baseline_history.read_at(self._folder, self.commit)

    @cached_property
    def own(self) -> Baseline:
        """The baseline of the working tree.

        Raises:
            LlmevalError: it is malformed.
        """
        from pytest_llmeval.store import baselines

        return baselines.read(self._folder)

    @cached_property
    def held(self) -> Held:
        """What the session is compared with: the commit's baseline, and in it what the branch accepted."""
        from pytest_llmeval.gate.acceptances import Held, hold

        return Held(self.stored) if self.is_fork else hold(self.stored, self.own, today=self._today)


def locate(root: Path, told: Surroundings) -> tuple[str, str] | None:
    """Find the base commit in the checkout.

    Args:
        root: pytest's.
        told: of the branch under test.

    Returns:
        Its full id, and how it was found; None where nobody names one, or there is no checkout.

    Raises:
        GitError: it is not in this clone, or a fork has none; the message says what to fetch or to set.
    """
    from pytest_llmeval.store import base_commit, git

    is_checkout = git.top(root) is not None
    if is_checkout and told.revisions:
        return base_commit.find(root, told.revisions, branch=told.branch, source=told.source)
    if not told.is_fork:
        return None
    found = "nobody names it" if is_checkout else f"{str(root)!r} is no git checkout"
    raise GitError(
        "a fork is judged by its base commit", found=found, hint=f"LLMEVAL_BASE=origin/main, or {FORK}=false"
    )

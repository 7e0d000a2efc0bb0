"""What the CI system, or the user, says of the branch under test: what it is to be merged into, and whose it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import UsageError
from pytest_llmeval.options.parsing import yes_or_no

if TYPE_CHECKING:
    from collections.abc import Mapping

FORK = "LLMEVAL_FORK"
"""Says "true" or "false" where no CI system that we know does. Never an ini key: the fork writes the ini."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The branch under test, as it was told.

    Args:
        revisions: what it is to be merged into, as git may know it, best first; empty where nobody says.
        branch: the name of that branch at the remote, empty where it is no branch.
        source: who says so, for a message.
        is_fork: whether the branch is of another repository, whose author may not change what it is judged by.
    """

    revisions: tuple[str, ...] = ()
    branch: str = ""
    source: str = ""
    is_fork: bool = False


def surroundings(environ: Mapping[str, str], base: str = "") -> Surroundings:
    """Return what is known of the branch under test.

    Args:
        environ: the environment. ``LLMEVAL_BASE`` in it wins over what the CI system says, since whoever started the
            run has set it.
        base: the ini's word, which the branch itself could have changed: it is the last to be heard.

    Raises:
        UsageError: ``LLMEVAL_FORK`` is neither true nor false.
    """
    said = environ.get("LLMEVAL_BASE", "")
    event = _event(environ) if environ.get("GITHUB_BASE_REF") else {}
    is_fork = _is_fork(environ, event)
    if said:
        return _named(said, "LLMEVAL_BASE", is_fork=is_fork)
    if branch := environ.get("GITHUB_BASE_REF", ""):
        commit = _text(event, "base", "sha")
        revisions = tuple(filter(None, (f"origin/{branch}", commit)))
        return Surroundings(revisions=revisions, branch=branch, source="GITHUB_BASE_REF", is_fork=is_fork)
    if branch := environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""):
        commit = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
        revisions = tuple(filter(None, (commit, f"origin/{branch}")))
        source = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"
        return Surroundings(revisions=revisions, branch=branch, source=source, is_fork=is_fork)
    return _named(base, "llmeval_base", is_fork=is_fork)


def _named(revision: str, source: str, *, is_fork: bool) -> Surroundings:
    if not revision:
        return Surroundings(is_fork=is_fork)
    _, slash, branch = revision.removeprefix("refs/remotes/").partition("/")
    return Surroundings(revisions=(revision,), branch=branch if slash else revision, source=source, is_fork=is_fork)


def _is_fork(environ: Mapping[str, str], event: Mapping[str, Any]) -> bool:
    said = environ.get(FORK, "")
    if said:
        try:
            return yes_or_no(said)
        except ValueError as error:
            raise UsageError(f"{FORK}={said!r} is not allowed", found=f"it takes {error}") from None
    if environ.get("GITHUB_BASE_REF"):
        # A fork that was deleted has no name any more; an event that cannot be read proves nothing: both are strangers.
        ours, theirs = _text(event, "base", "repo", "full_name"), _text(event, "head", "repo", "full_name")
        return not ours or ours != theirs
    projects = {environ.get(f"CI_MERGE_REQUEST_{whose}PROJECT_ID", "") for whose in ("", "SOURCE_")}
    return len(projects) > 1


def _event(environ: Mapping[str, str]) -> Mapping[str, Any]:  # Any: GitHub's JSON
    """Return the pull request in GitHub's event file, empty where it cannot be read."""
    try:
        found = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError):
        return {}
    pull_request = found.get("pull_request") if isinstance(found, dict) else None
    return pull_request if isinstance(pull_request, dict) else {}


def _text(value: Any, *names: str) -> str:  # noqa: ANN401 - GitHub's JSON
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""

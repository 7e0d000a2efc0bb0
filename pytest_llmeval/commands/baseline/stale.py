"""Whether a session speaks of the code that stands here, or of main: same commit, and nothing edited."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_llmeval.errors import BaselineError, GitError
from pytest_llmeval.store import git

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path, PurePosixPath

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Session

_N_NAMED = 3
# A session says to the second when it began.
_SLACK_S = 1.0


def refuse_stale(session: Session, found: Project, folder: Path) -> None:
    """Refuse to make a baseline of a session that ran on other code than stands here now.

    Where there is no git nobody can tell, and nothing is refused. A file that git does not know is not looked at, nor
    one that was deleted: it has no time. The baseline and recordings are no code.

    Args:
        session: what is to be accepted.
        found: the project.
        folder: of the baseline.

    Raises:
        BaselineError: the session is stale; ``found`` says why, with the files.
    """
    top = git.top(found.root)
    if top is None or not git.has_commits(top):
        return
    no_code = _NoCode(top, found, folder)
    reasons = [*_other_commit(top, session, no_code), *_edited(top, session, no_code)]
    if reasons:
        raise BaselineError(
            f"session {session.id!r} is stale and makes no baseline",
            found="; ".join(reasons),
            hint="run pytest again, or say `llmeval baseline accept --force --reason ...`",
        )


def refuse_other_than_main(found: Project, session: Session | None) -> None:
    """Refuse draws of another commit than the main branch's; without git, or a main branch, nobody can tell.

    Args:
        found: the project.
        session: what is to be appended; None: what stands here and is about to be run.

    Raises:
        BaselineError: it is another commit, or there is no main branch.
    """
    top = git.top(found.root)
    if top is None or not git.has_commits(top):
        return
    commit = git.commit_of(top) if session is None else session.commit
    main = git.main_commits(top)
    if commit in main.values():
        return
    where = "HEAD" if session is None else f"session {session.id!r}"
    names = ", ".join(f"{name} is {main_commit[:12]}" for name, main_commit in main.items())
    raise BaselineError(
        f"{where} is not on the main branch, and a baseline is extended there",
        found=f"{where} is {commit[:12] or 'of no commit'}; {names or 'there is no main or master, and no origin'}",
        hint="git switch main, or say --force",
    )


def refuse_edited(found: Project, folder: Path) -> None:
    """Refuse to draw where files of the checkout are edited: the draws would be of no commit.

    Raises:
        BaselineError: some are; ``found`` names them.
    """
    top = git.top(found.root)
    if top is None or not git.has_commits(top):
        return
    no_code = _NoCode(top, found, folder)
    edited = [change.path for change in git.changes(top, has_new=False) if change.path not in no_code]
    if edited:
        raise BaselineError(
            "the checkout is edited, and a baseline is extended on a commit",
            found=f"edited: {_named(edited)}",
            hint="commit or stash it, or say --force",
        )


class _NoCode:
    """Which paths of a checkout are answers and scores, not code."""

    def __init__(self, top: Path, found: Project, folder: Path) -> None:
        resolved = top.resolve()
        own = [path.resolve() for path in (folder, found.baseline(None), found.root / ".llmeval")]
        self._folders = [path.relative_to(resolved) for path in own if path.is_relative_to(resolved)]
        self._recordings = found.recordings

    def __contains__(self, path: PurePosixPath) -> bool:
        is_recording = bool(self._recordings) and path.suffix == ".jsonl" and path.parent.name == self._recordings
        return is_recording or any(path.is_relative_to(folder) for folder in self._folders)


def _other_commit(top: Path, session: Session, no_code: _NoCode) -> list[str]:
    head = git.commit_of(top)
    if session.commit in ("", head):
        return []
    said = f"it ran on commit {session.commit[:12]}, and HEAD is {head[:12]}"
    try:
        between = git.changed_between(top, session.commit, head)
    except GitError:
        return [f"{said}; this clone does not hold the first"]
    changed = [path for path in between if path not in no_code]
    return [f"{said}; between them changed {_named(changed)}"] if changed else []


def _edited(top: Path, session: Session, no_code: _NoCode) -> list[str]:
    try:
        ended_s = datetime.fromisoformat(session.started_at).timestamp() + session.duration_s + _SLACK_S
    except ValueError:
        return []
    known = [change.path for change in git.changes(top, has_new=False) if change.path not in no_code]
    later = [path for path in known if _changed_s(top / path) > ended_s]
    return [f"edited since: {_named(later)}"] if later else []


def _changed_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _named(paths: Iterable[PurePosixPath]) -> str:
    every = sorted(map(str, paths))
    more = f" and {len(every) - _N_NAMED} more" if len(every) > _N_NAMED else ""
    return ", ".join(map(repr, every[:_N_NAMED])) + more

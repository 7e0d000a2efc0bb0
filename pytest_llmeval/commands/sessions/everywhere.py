"""The sessions that a command reads: this machine's, and all that a team's machines have sent to its database."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.errors import StoreError
from pytest_llmeval.exports import files
from pytest_llmeval.gather import session_file, session_folder

if TYPE_CHECKING:
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Session
    from pytest_llmeval.store.postgres.sessions import PostgresSessions

LIMIT_S = 60.0  # of a statement: a person waits, and no test
_MOST = 200  # newest sessions of others that are fetched without being named


def folder(found: Project, *said: str) -> Path:
    """Return the folder in which the sessions stand: the project's own, or one that is filled from the database.

    What was fetched once stays, so that only new sessions travel; what is not stored there any more goes.

    Args:
        found: the project.
        said: how sessions are meant, as ``session_folder.pick`` takes it: an old one is fetched where it is named.
    """
    if found.database is None:
        return found.folder
    from pytest_llmeval.store.postgres.sessions import PostgresSessions

    sessions = PostgresSessions(found.database, limit_s=LIMIT_S)
    try:
        return _filled(found.folder, sessions, said)
    except StoreError as error:
        say(f"only the sessions of this machine are read: {inert(' '.join(str(error).split()), limit=500)}")
        return found.folder
    finally:
        sessions.close()


def nearest(found: Project, said: str) -> Path:
    """Return the folder in which one session is looked for: this machine's own, where that is enough.

    Without a word this machine's newest is meant, and the newest of all where it has run nothing. A file, or the whole
    id of a session that it has run, needs no database. Any other word means what it means to ``llmeval sessions show``.

    Args:
        found: the project.
        said: which session is meant, as ``session_folder.pick`` takes it.
    """
    own = found.folder
    ids = [path.stem for path in session_folder.stored(own)]
    is_here = said in ids or Path(said).is_file() if said else bool(ids) or (own / session_folder.NEWEST).is_file()
    return own if is_here else folder(found, said)


def read(found: Project, said: str) -> Session:
    """Return one session, whole.

    Args:
        found: the project.
        said: which, as ``nearest`` takes it.

    Raises:
        UsageError: it means none, or several.
        StoreError: it cannot be read.
    """
    return session_file.read(session_folder.pick(nearest(found, said), said))


def _filled(own: Path, sessions: PostgresSessions, said: tuple[str, ...]) -> Path:
    team = own / "team"
    (team / "sessions").mkdir(mode=0o700, parents=True, exist_ok=True)
    there = [one.id for one in sessions.held() if _names_a_file(one.id)]
    here = {path.stem: path for path in session_folder.stored(own)}
    for path in session_folder.stored(team):
        if path.stem not in here and path.stem not in there:
            path.unlink()
    for name, path in here.items():
        _link(path, team / "sessions" / f"{name}.jsonl")
    wanted = there[-_MOST:] + [one for one in there[:-_MOST] if any(_is_meant(one, text) for text in said)]
    for name in wanted:
        path = team / "sessions" / f"{name}.jsonl"
        if not path.exists():
            _fetch(sessions, name, path)
    return team


def _fetch(sessions: PostgresSessions, name: str, path: Path) -> None:
    try:
        content = sessions.content(name)
    except ValueError as error:
        say(f"session {inert(name)} is left out: {inert(str(error))}")
        return
    if content is not None:
        files.replace(path, content, mode=0o600)


def _link(path: Path, to: Path) -> None:
    if to.exists():
        return
    try:
        os.link(path, to)
    except OSError:  # a disk without links
        shutil.copy2(path, to)


def _is_meant(name: str, said: str) -> bool:
    return bool(said) and (name.startswith(said) or name.partition("-")[2].startswith(said))


def _names_a_file(name: str) -> bool:
    """Whether an id is one that we have written; what stands in a database may be anything."""
    return name.isascii() and name.replace("-", "").replace(".", "").replace("_", "").isalnum() and name[0].isalnum()

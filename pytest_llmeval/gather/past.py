"""Sessions on disk, as far as another session's report needs them: how their means were, and what was answered.

Read in passing, after the last test: a file that cannot be read is left out, since no report is worth an error here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gather.codec import from_json
from pytest_llmeval.gather.session_folder import stored
from pytest_llmeval.gather.wire import loads
from pytest_llmeval.records import Session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pytest_llmeval.records import Json

_KEPT = ("id", "started_at", "duration_s", "commit", "branch", "settings", "summaries")


def before(folder: Path, session: Session, *, most: int) -> tuple[Session, ...]:
    """Return the last sessions before one that ran whole, the oldest first, without plan, results and verdict.

    Args:
        folder: where sessions are kept.
        session: whose past it is; ids are sortable by time.
        most: how many are returned at most.
    """
    found: list[Session] = []
    for path in reversed(stored(folder)):
        if len(found) == most:
            break
        # Of two sessions in one second nobody can tell which was first: both are the other's past.
        if path.stem == session.id or _second(path.stem) > _second(session.id):
            continue
        head = _head(path)
        if head is not None and not any(head.get(name) for name in ("stopped", "selection", "lost", "shard")):
            try:
                found.append(from_json(Session, {name: head[name] for name in _KEPT if name in head}))
            except ValueError:
                continue
    return tuple(reversed(found))


def answers(folder: Path, session_id: str, origins: Collection[str]) -> dict[str, str]:
    """Return the texts of a stored session's draws by their origins.

    Args:
        folder: where sessions are kept.
        session_id: of the session that drew them.
        origins: which are wanted.

    Returns:
        The whole text where a draw is a model's answer; the head of it that is kept with its check where the
        application made it. What is not there is left out.
    """
    found: dict[str, str] = {}
    heads: dict[str, str] = {}
    path = folder / "sessions" / f"{session_id}.jsonl"
    if path.parent != folder / "sessions":
        return {}
    for row in _rows(path):
        for trial in row.get("trials", ()):
            found |= _texts(trial.get("calls", ()), "text", origins)
            heads |= _texts(trial.get("checks", ()), "output", origins)
        heads |= _texts(row.get("checks", ()), "output", origins)
    return heads | found


def _second(session_id: str) -> str:
    return session_id.partition("-")[0]


def _texts(rows: Json, name: str, origins: Collection[str]) -> dict[str, str]:
    return {row["origin"]: row[name] for row in rows if row.get("origin") in origins and isinstance(row.get(name), str)}


def _head(path: Path) -> dict[str, Json] | None:
    return next(_rows(path), None)


def _rows(path: Path) -> Iterator[dict[str, Json]]:
    try:
        with path.open(encoding="ascii") as file:
            for line in file:
                row = loads(line)
                if isinstance(row, dict):
                    yield row
    except (OSError, ValueError):
        return

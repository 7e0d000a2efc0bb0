"""Sessions on disk, as far as another session's report needs them: how their means were, and what was answered.

Read in passing, after the last test: a file that cannot be read is left out, since no report is worth an error here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError
from pytest_llmeval.gather import session_file
from pytest_llmeval.gather.session_folder import stored
from pytest_llmeval.gather.wire import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from pytest_llmeval.records import CheckId, Json, Line, Session

_UNNEEDED = ("plan", "verdict", "against", "contest", "trials")
_MOST_READ, _MOST_RUNS = 100, 5


def before(folder: Path, session: Session, *, most: int, branch: str | None = None) -> tuple[Session, ...]:
    """Return the last sessions before one that ran whole, the oldest first, without plan, results and verdict.

    Of a folder of many only the newest 100 are looked at, and of each only its first line.

    Args:
        folder: where sessions are kept.
        session: whose past it is; ids are sortable by time.
        most: how many are returned at most.
        branch: only those of that branch.
    """
    found: list[Session] = []
    for path in stored(folder)[: -_MOST_READ - 1 : -1]:
        if len(found) == most:
            break
        if is_own_or_later(path.stem, session.id):
            continue
        try:
            head = session_file.read_head(path, without=_UNNEEDED)
        except StoreError:
            continue
        if not head.is_partial and branch in (None, head.branch):
            found.append(head)
    return tuple(reversed(found))


def is_own_or_later(other: str, session_id: str) -> bool:
    """Whether an id is a session's own, or of one that began later.

    Of two sessions in one second nobody can tell which was first: both are the other's past.
    """
    return other == session_id or _second(other) > _second(session_id)


def drawn(
    folder: Path,
    session: Session,
    lines: Mapping[CheckId, Line],
    recorded: Callable[[Collection[str]], Mapping[str, str]],
) -> dict[str, str]:
    """Return the texts of a baseline's draws by their origins, from the nearest place that has them.

    Args:
        folder: where sessions are kept.
        session: which is shown beside the baseline; what it replays is not looked for.
        lines: of the baseline.
        recorded: returns the texts of these origins that stand in recordings.
    """
    here = {call.origin for result in session.results for trial in result.trials for call in trial.calls}
    runs = {draw.origin: draw.run for line in lines.values() for draw in line.draws if draw.origin not in here}
    runs.pop("", None)
    found = dict(recorded(runs.keys())) if runs else {}
    missing = {origin: run for origin, run in runs.items() if origin not in found}
    # The newest runs first: of a baseline that was extended for years not every session is read.
    for run in sorted(set(missing.values()), reverse=True)[:_MOST_RUNS]:
        found |= answers(folder, run, {origin for origin, of in missing.items() if of == run})
    return found


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


def _rows(path: Path) -> Iterator[dict[str, Json]]:
    try:
        with path.open(encoding="ascii") as file:
            for line in file:
                row = loads(line)
                if isinstance(row, dict):
                    yield row
    except (OSError, ValueError):
        return

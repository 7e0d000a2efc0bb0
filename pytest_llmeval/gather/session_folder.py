"""The folder of stored sessions: which there are, which one is meant, which are older than they may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_llmeval.errors import UsageError

NEWEST = "session.jsonl"
_STAMP = "%Y%m%dT%H%M%SZ"
_N_NAMED = 5


def stored(folder: Path) -> tuple[Path, ...]:
    """Return the files of all sessions below a project's own folder, the oldest first."""
    return tuple(sorted((folder / "sessions").glob("*.jsonl"), key=age))


def age(path: Path) -> tuple[str, int, str]:
    """Return what sorts session files by time: an id begins with a second, and within one the file's own time tells."""
    try:
        written_ns = path.stat().st_mtime_ns
    except OSError:  # somebody deletes it at this moment
        written_ns = 0
    return path.stem.partition("-")[0], written_ns, path.name


def pick(folder: Path, said: str) -> Path:
    """Return the file of the session that is meant.

    Args:
        folder: the project's own.
        said: the beginning of an id, or of what stands behind its time; ``~1`` is the one before the newest, ``~2`` the
            one before that; empty is the newest; or the path of a file.

    Raises:
        UsageError: it means none, or several.
    """
    paths = stored(folder)
    if not said:
        return paths[-1] if paths else folder / NEWEST
    if Path(said).is_file():
        return Path(said)
    if said.startswith("~") and said[1:].isascii() and said[1:].isdigit():
        place = int(said[1:])
        if place >= len(paths):
            raise UsageError(
                f"there is no session {said!r}",
                found=f"{len(paths)} are stored in {str(folder)!r}",
                hint="each run of pytest with an LLM test leaves one; ~0 is the newest",
            )
        return paths[-1 - place]
    found = [path for path in paths if path.stem.startswith(said) or path.stem.partition("-")[2].startswith(said)]
    if len(found) == 1:
        return found[0]
    named = ", ".join(path.stem for path in found[-_N_NAMED:]) or f"{len(paths)} are stored in {str(folder)!r}"
    raise UsageError(
        f"{len(found)} sessions begin with {said!r}",
        found=named,
        hint="llmeval sessions ls names them; ~1 is the last but one",
    )


def older_than(folder: Path, days: float, now: datetime) -> tuple[Path, ...]:
    """Return the files of sessions that began longer ago than that; the newest is never one of them."""
    latest = now - timedelta(days=days)
    return tuple(path for path in stored(folder)[:-1] if _began(path) < latest)


def forget(paths: tuple[Path, ...]) -> int:
    """Delete session files, and return how many bytes that frees; one that somebody else has deleted is gone."""
    freed = 0
    for path in paths:
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            continue
        freed += size
    return freed


def _began(path: Path) -> datetime:
    try:
        return datetime.strptime(path.stem.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)

"""Files of a project → the sessions that pages show. What cannot be read is named beside what can."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import StoreError
from pytest_llmeval.gather import session_file, session_folder

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.records import Session

_MOST_READ, _MOST_HEADS = 4, 1_000


class Stored(NamedTuple):
    """What is stored.

    Args:
        heads: every session without its results, the newest first.
        paths: their files, by their ids.
        faults: why a file is left out.
    """

    heads: tuple[Session, ...]
    paths: dict[str, Path]
    faults: tuple[str, ...]


def stored(folder: Path) -> Stored:
    """Return the sessions of a project's own folder; a file that was read, and has not changed, is not read again."""
    heads, paths, faults = [], {}, []
    for path in reversed(session_folder.stored(folder)):
        try:
            head = _head(path, _stamp(path))
        except StoreError as error:
            faults.append(f"{path.name} is left out: {' '.join(str(error).split())}")
            continue
        if head.id not in paths:
            heads.append(head)
            paths[head.id] = path
    return Stored(tuple(heads), paths, tuple(faults))


def session(path: Path) -> Session:
    """Return a session whole; the last few stay in memory.

    Raises:
        StoreError, SchemaTooNew: as of ``session_file.read``.
    """
    return _session(path, _stamp(path))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:  # reading it will say why
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(_MOST_HEADS)
def _head(path: Path, _stamp: tuple[int, int]) -> Session:
    return session_file.read_head(path)


@lru_cache(_MOST_READ)
def _session(path: Path, _stamp: tuple[int, int]) -> Session:
    return session_file.read(path)

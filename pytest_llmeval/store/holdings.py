"""Everything that is stored in a project, read whole: for the commands that list, show and check it.

Never on the way of a test: a hit reads one row, this reads all of them.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.errors import LlmevalError, StoreError
from pytest_llmeval.store.record import Damaged, from_line, shown
from pytest_llmeval.store.rows import to_request, to_response
from pytest_llmeval.store.sqlite import SqliteCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmeval.records import Response
    from pytest_llmeval.store.postgres.address import Address

_ROWS = """
    SELECT n, CAST(recorded_at AS BLOB) AS recorded_at, CAST(responses.body AS BLOB) AS body,
           CAST(setups.body AS BLOB) AS setup
    FROM responses LEFT JOIN setups ON setups.id = responses.setup ORDER BY n
"""
_CONFLICT_MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
_FOREIGN = frozenset({"node_modules", "__pycache__", "site-packages"})


class Stored(NamedTuple):
    """One stored response.

    Args:
        response: with its request.
        path: the file it stands in, or the database.
        place: its row or line there, from 1.
        n_bytes: what it takes there.
    """

    response: Response
    path: Path | Address
    place: int
    n_bytes: int


class Damage(NamedTuple):
    """One row or line that is not served; ``why`` in words, ``content`` as it stands there."""

    path: Path | Address
    place: int
    why: str
    content: object = None


class Holdings(NamedTuple):
    """What one file holds, or several: in the order in which it stands there."""

    stored: tuple[Stored, ...] = ()
    damaged: tuple[Damage, ...] = ()


def of_project(working_cache: Path | Address, recordings: Iterable[Path]) -> Holdings:
    """Read the working cache and these files of recordings; errors as of their own readers."""
    every = [of_store(working_cache), *map(of_recordings, recordings)]
    return Holdings(
        tuple(stored for one in every for stored in one.stored),
        tuple(damage for one in every for damage in one.damaged),
    )


def of_store(place: Path | Address) -> Holdings:
    """Read every row of a working cache, wherever it is; errors as of its own reader."""
    if isinstance(place, Path):
        return of_working_cache(place)
    from pytest_llmeval.store.postgres import reading

    return reading.held(place)


def of_working_cache(path: Path) -> Holdings:
    """Read every row; nothing where there is no file, and none is made.

    Raises:
        StoreError: it cannot be read as a whole.
        SchemaTooNew: a newer version wrote it.
    """
    if not path.exists():
        return Holdings()
    cache = SqliteCache(path)
    try:
        cache.check()  # an older schema is migrated, as by any run
    finally:
        cache.close()
    try:
        rows = list(_rows(path))
    except sqlite3.Error as error:
        raise StoreError(f"the cache {shown(path)} cannot be read", found=str(error)) from error
    stored, damaged = [], []
    for n, recorded_at, body, setup in rows:
        response = response_of(recorded_at, body, setup)
        if response is None:
            damaged.append(Damage(path, n, "it does not fit its seal" if setup else "its request is gone", body))
        else:
            stored.append(Stored(response, path, n, len(body)))
    return Holdings(tuple(stored), tuple(damaged))


def of_recordings(path: Path) -> Holdings:
    """Read every line of a file of recordings, older ones of a key too; a broken line is damage, and no error.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise StoreError(f"recordings {shown(path)} cannot be read", found=str(error.strerror)) from error
    stored, damaged = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            response = _sound(line)
        except ValueError as error:
            damaged.append(Damage(path, number, _why(line, error, is_last=number == len(lines)), line))
        else:
            stored.append(Stored(response, path, number, len(line) + 1))
    return Holdings(tuple(stored), tuple(damaged))


def recordings_below(root: Path, name: str) -> list[Path]:
    """Find the files of recordings of a project, sorted.

    Args:
        root: of the project; hidden folders, environments and other people's packages are passed over.
        name: of the folder beside each test module; empty: the project keeps none.
    """
    found = []
    for folder, folders, files in os.walk(root) if name else ():
        folders[:] = [inner for inner in folders if not (inner.startswith(".") or inner in _FOREIGN)]
        if "pyvenv.cfg" in files:
            folders.clear()
        elif os.path.basename(folder) == name:  # noqa: PTH119 - os.walk gives text
            found += [os.path.join(folder, file) for file in files if file.endswith(".jsonl")]  # noqa: PTH118
    return sorted(root.joinpath(path) for path in found)


def newest(stored: Iterable[Stored]) -> dict[str, Stored]:
    """Return by key the stored response that is replayed: the newest."""
    found: dict[str, Stored] = {}
    for one in stored:
        known = found.get(one.response.key)
        if known is None or _age(known.response) < _age(one.response):
            found[one.response.key] = one
    return found


def _age(response: Response) -> tuple[str, str]:
    return response.recorded_at, response.origin


def _rows(path: Path) -> Iterator[tuple[int, bytes, bytes, bytes | None]]:
    from sqlite_utils import Database

    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        for row in Database(connection).query(_ROWS):
            yield row["n"], row["recorded_at"], row["body"], row["setup"]


def response_of(recorded_at: bytes, body: bytes, setup: bytes | None) -> Response | None:
    """Return what a row holds, with its request; None where the row, or what it shares with others, is damaged."""
    if not all(isinstance(part, bytes) for part in (recorded_at, body, setup)) or setup is None:
        return None
    request = to_request(recorded_at, body, setup)
    return None if request is None else to_response(recorded_at, body, cache_key(request), request)


def _sound(line: bytes) -> Response:
    """Read a line, and look at what a replay does not: whether it answers the request that stands in it."""
    response = from_line(line)
    try:
        is_own = cache_key(response.request) == response.key
    except LlmevalError:
        is_own = False
    if not is_own:
        raise Damaged("its key does not fit its request")
    return response


def _why(line: bytes, error: ValueError, *, is_last: bool) -> str:
    if line.startswith(_CONFLICT_MARKERS):
        return "a conflict marker"
    if isinstance(error, Damaged):
        return str(error)
    return "cut off: the line has no end" if is_last else f"no recording: {error}"

"""The session on disk, written before any export: ``session.jsonl``.

In: a Session on the controller; out: the same, by ``read``. A file is JSON lines: one of kind ``session`` with all
but the results, one of kind ``case`` for each result, one of kind ``end`` that counts them, so that a cut is seen.
Equal sessions give equal bytes.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from shutil import copyfileobj
from typing import TYPE_CHECKING, TextIO, TypeVar

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.gather.codec import from_json, to_text
from pytest_llmeval.gather.wire import encode, loads
from pytest_llmeval.records import CaseResult, Json, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

FORMAT = 1

T = TypeVar("T")


def write(session: Session, folder: Path, text_of: Callable[[str], str] | None = None) -> Path:
    """Store the session under its id, and once more as the newest.

    Args:
        session: what to store; checks that JSON cannot hold are stored as unscored.
        folder: where sessions are kept, made if it is missing, readable by the owner only.
        text_of: gives a result, by its node id, as ``wire.encode`` wrote it; else the session's own are written.

    Returns:
        The path ``folder/sessions/<id>.jsonl``; ``folder/session.jsonl`` has the same text. Each is either whole
        or as it was before.

    Raises:
        StoreError: the session cannot be written there.
    """
    if not re.fullmatch(r"\w[\w.-]*", session.id, re.ASCII):
        raise StoreError(
            f"session id {session.id!r} cannot name a file", hint="use letters, digits, '.', '_' and '-' only"
        )
    path = folder / "sessions" / f"{session.id}.jsonl"
    try:
        for missing in [one for one in (folder, *folder.parents) if not one.exists()][::-1]:
            missing.mkdir(mode=0o700, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        replace_file(path, lambda file: file.writelines(_lines_of(session, text_of)))
        with path.open(encoding="ascii") as written:
            replace_file(folder / "session.jsonl", lambda file: copyfileobj(written, file))
    except (OSError, TypeError, ValueError) as error:
        raise StoreError(
            f"session {session.id!r} cannot be stored in {str(folder)!r}",
            found=str(error),
            hint="make the folder writable, or free space on its disk",
        ) from error
    return path


def _lines_of(session: Session, text_of: Callable[[str], str] | None) -> Iterator[str]:
    yield from _line({"kind": "session", "format": FORMAT}, to_text(replace(session, results=())))
    for result in session.results:
        yield from _line({"kind": "case"}, text_of(result.nodeid) if text_of else encode(result))
    yield from _line({"kind": "end", "n": len(session.results)}, "{}")


def _line(head: dict[str, Json], body: str) -> Iterator[str]:
    """Put the head first, for whoever opens the file; the rest is sorted, so that equal sessions give equal bytes.

    In parts: that of the session itself may be a megabyte, which need not be there three times.
    """
    yield json.dumps(head, separators=(",", ":"))[:-1] + ("," if body != "{}" else "")
    yield body[1:]
    yield "\n"


def replace_file(path: Path, write_to: Callable[[TextIO], None]) -> None:
    """Put a new file in the place of the old one, so that every reader sees one of the two in full."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            write_to(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> Session:
    """Return the session in a file that ``write`` made.

    Raises:
        SchemaTooNew: a newer version of this package wrote it.
        StoreError: there is no such file, or it is malformed; the message names file, line and kind of fault.
    """
    rows = [_object(path, number, line) for number, line in enumerate(_lines(path), 1)]
    head, end = rows[0], rows[-1]
    _check_format(path, head)
    if end.get("kind") != "end":
        raise _malformed(path, len(rows), "truncated: the last line is not of kind 'end'")
    if end != {"kind": "end", "n": len(rows) - 2}:
        raise _malformed(path, len(rows), f"the end says {end!r:.80}, after {len(rows) - 2} cases")
    results = [_record(path, number, CaseResult, row) for number, row in enumerate(rows[1:-1], 2)]
    return replace(_record(path, 1, Session, head), results=tuple(results))


def read_head(path: Path, *, without: Collection[str] = ()) -> Session:
    """Return the session in a file without its results: what lists and trends need of many files.

    Args:
        path: of the file.
        without: fields that are left at their defaults as well; plan and verdict of many cases take most of the time.

    Raises:
        SchemaTooNew, StoreError: as ``read`` does; that a file is cut is not seen here.
    """
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"session file {str(path)!r} cannot be read", found=str(error)) from error
    head = _object(path, 1, line)
    _check_format(path, head)
    return _record(path, 1, Session, {name: value for name, value in head.items() if name not in without})


def _lines(path: Path) -> Sequence[str]:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise StoreError(f"there is no session file {str(path)!r}", hint="run pytest first: it writes one") from None
    except OSError as error:
        raise StoreError(f"session file {str(path)!r} cannot be read", found=str(error)) from error
    except UnicodeDecodeError as error:
        raise _malformed(path, 1 + bytes(error.object)[: error.start].count(b"\n"), "not UTF-8") from None
    *lines, rest = text.split("\n")
    if rest or not lines:
        raise _malformed(path, len(lines) + 1, "truncated: no newline at the end")
    return lines


def _object(path: Path, number: int, line: str) -> dict[str, Json]:
    try:
        value = loads(line)
    except ValueError as error:
        raise _malformed(path, number, f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise _malformed(path, number, "not a JSON object")
    return value


def _check_format(path: Path, head: dict[str, Json]) -> None:
    if head.get("kind") != "session":
        raise _malformed(path, 1, "not a session file")
    found = head.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise SchemaTooNew(
            f"session file {str(path)!r} has format {found}, and this version reads {FORMAT}",
            hint="python -m pip install --upgrade pytest-llmeval",
        )
    if found != FORMAT:
        raise _malformed(path, 1, f"unknown format {found!r:.80}")


def _record(path: Path, number: int, kind: type[T], row: dict[str, Json]) -> T:
    expected, head = ("session", {"kind", "format"}) if kind is Session else ("case", {"kind"})
    if row.get("kind") != expected:
        raise _malformed(path, number, f"expected kind {expected!r}, found {row.get('kind')!r:.80}")
    try:
        return from_json(kind, {name: value for name, value in row.items() if name not in head})
    except ValueError as error:
        raise _malformed(path, number, str(error)) from error


def _malformed(path: Path, number: int, fault: str) -> StoreError:
    return StoreError(
        f"session file {str(path)!r} is malformed at line {number}",
        found=fault,
        hint="run pytest again: it writes a new one",
    )

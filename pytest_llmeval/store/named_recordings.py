"""Recordings beside test modules, and which of them a baseline names.

A draw names a recording by its origin. A check of a text that the application made stands on one answer or several, and
its origin is a digest of that text and theirs: where the text is an answer's own we can tell, else nobody can.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError
from pytest_llmeval.records import digest
from pytest_llmeval.store.record import Damaged, from_line
from pytest_llmeval.store.recordings import locked_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from pytest_llmeval.records import Line, Response


def origins_of(response: Response) -> tuple[str, str]:
    """Return the origins of a draw of this answer, and of one of its text alone."""
    return response.origin, digest([response.text, response.origin])[:16]


def module_file(root: Path, test: str, name: str) -> Path:
    """Return where the recordings of a test stand, if it has some; ``name`` is the folder's beside each module."""
    module = root / test.partition("::")[0]
    return module.parent / name / f"{module.stem}.jsonl"


def files_beside(root: Path, tests: Iterable[str], name: str) -> list[Path]:
    """Return the files of recordings in the folders beside the modules of these tests, sorted."""
    folders = {module_file(root, test, name).parent for test in tests}
    return sorted(path for folder in folders if folder.is_dir() for path in folder.glob("*.jsonl"))


def texts_beside(root: Path, tests: Iterable[str], name: str, origins: Collection[str]) -> dict[str, str]:
    """Return what ``texts`` finds in ``files_beside``; nothing where the folder has no name, so that there is none."""
    return texts(files_beside(root, tests, name), origins) if name else {}


def read(path: Path) -> tuple[Response, ...]:
    """Return the recordings of a file; damaged lines are left out.

    Raises:
        StoreError: it cannot be read, or a line is no recording.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise StoreError(f"recordings {str(path)!r} cannot be read", found=str(error.strerror)) from error
    return tuple(response for _, response in _responses(path, lines))


def texts(files: Iterable[Path], origins: Collection[str]) -> dict[str, str]:
    """Return the texts of recorded answers by the origins that were asked for; what is not recorded is left out.

    Args:
        files: of recordings; one that cannot be read, or is broken, is left out as well: others say so.
        origins: of draws.
    """
    found: dict[str, str] = {}
    for path in files:
        try:
            recorded = read(path)
        except StoreError:
            continue
        found |= {origin: one.text for one in recorded for origin in origins_of(one) if origin in origins}
    return found


def unneeded(recorded: Iterable[Response], lines: Iterable[Line], used: Collection[str]) -> frozenset[str] | None:
    """Return the origins of the recordings that nothing needs any more.

    Args:
        recorded: those of one module.
        lines: of all baselines, of the tests of that module.
        used: origins of the answers that the last whole session used, for tests and for judges.

    Returns:
        Origins of recordings that no draw names and the session did not use. None where a draw stands on answers that
        cannot be told, so that any recording may be needed.
    """
    every = list(recorded)
    named = {draw.origin for line in lines for draw in line.draws if draw.origin}
    if not named <= {origin for response in every for origin in origins_of(response)}:
        return None
    kept = named | set(used)
    return frozenset(response.origin for response in every if kept.isdisjoint(origins_of(response)))


def drop(path: Path, gone: Collection[str]) -> int:
    """Take recordings out of a file by their origins, and return how many went; other lines stay byte for byte.

    Raises:
        StoreError: the file cannot be written; it is as it was.
    """
    descriptor = locked_file(path)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        lines = path.read_bytes().split(b"\n")
        places = {place for place, response in _responses(path, lines) if response.origin in gone}
        kept = [line for place, line in enumerate(lines) if place not in places]
        with temporary.open("wb") as file:
            file.write(b"\n".join(kept))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(f"recordings {str(path)!r} cannot be written", found=str(error.strerror)) from error
    finally:
        os.close(descriptor)
    return len(places)


def _responses(path: Path, lines: Iterable[bytes]) -> Iterator[tuple[int, Response]]:
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            yield place, from_line(line)
        except Damaged:
            continue
        except ValueError as error:
            raise StoreError(
                f"recordings {str(path)!r} line {place + 1} is broken", found=str(error), hint="see docs/recordings.md"
            ) from error

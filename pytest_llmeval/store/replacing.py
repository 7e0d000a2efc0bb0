"""Files of a folder in git, replaced by one writer at a time: each is the old or the new one, whole, at any moment."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pytest_llmeval.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder alone, made if it is missing; the lock is on the folder, so no lock file lands in git.

    Raises:
        BaselineError: it cannot be made or opened.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_files(folder: Path, contents: Mapping[Path, bytes | None]) -> None:
    """Put new files in the place of old ones, under the folder's lock.

    All of them are written beside the old ones first, so that a disk that fills up leaves every old one.

    Args:
        folder: whose lock the caller holds; its sub-folders that become empty go.
        contents: what each file is to hold; None takes the file away.

    Raises:
        BaselineError: a file cannot be written.
    """
    waiting: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            if data is not None:
                waiting[path] = _temporary(path)
                _write(waiting[path], data)
        for path, temporary in waiting.items():
            temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        for temporary in waiting.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    for path, data in contents.items():
        if data is None:
            _remove(folder, path)


def _temporary(path: Path) -> Path:
    # One fixed name: under the lock nobody else uses it, and what a killed writer left is overwritten.
    return path.with_name(f".{path.name}.tmp")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _remove(folder: Path, path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    for parent in path.parents:
        if parent == folder:
            break
        try:
            parent.rmdir()
        except OSError:
            break  # something else stands in it


def _unwritable(path: Path, error: OSError) -> BaselineError:
    return BaselineError(
        f"baseline {str(path)!r} cannot be written",
        found=str(error),
        hint="make it writable, or free space on its disk",
    )

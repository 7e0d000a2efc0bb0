"""Recordings: stored responses that belong in git, one JSONL file a test module.

Append-only and loaded in any order, so that ``merge=union`` in .gitattributes merges two branches: the newest
recording of a key wins, duplicates do no harm.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.calls.key import nearest
from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.record import Damaged, from_line, shown, to_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmeval.records import Request, Response

_CONFLICT_MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")


class Recordings:
    """A cache in one file, read at the first look and again when it has grown.

    Args:
        path: such as ``tests/recordings/test_refund.jsonl``; made at the first write, with its folder.
        on_first_write: told in one sentence what is stored and where, once.
        on_damage: told of each line whose origin does not fit its text, where it stands.

    Attributes:
        n_damaged: lines whose origin does not fit their text; each is a miss.
    """

    def __init__(
        self, path: Path, *, on_first_write: Callable[[str], None], on_damage: Callable[[str], None] | None = None
    ) -> None:
        self.n_damaged = 0
        self._path = path
        self._on_first_write = on_first_write
        self._on_damage = on_damage
        self._has_written = False
        self._responses: dict[str, Response] = {}
        self._n_file = 0
        self._n_read_bytes = 0
        self._n_read_lines = 0
        self._lock = threading.Lock()

    def get(self, key: str, request: Request) -> Response | None:
        """Return the newest recording of a key; looks for what other processes have added before it says None."""
        with self._lock:
            if key not in self._responses:
                self._read_on()
            found = self._responses.get(key)
        return None if found is None else replace(found, request=request)

    def put(self, response: Response) -> None:
        """Append a recording, as one write under the file's lock.

        Once written it is the kernel's and survives the process. It is not forced to the disk: only a power cut
        loses it.
        """
        with self._lock:
            self._read_on()
            known = self._responses.get(response.key)
            if known is not None and known.origin == response.origin:
                return
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                _append(self._path, to_line(response).encode("ascii") + b"\n")
            except OSError as error:
                raise StoreError(
                    f"the answer could not be recorded in {shown(self._path)}",
                    found=f"{error.strerror}; the file is as it was",
                    hint="make room, or the folder writable, and run again",
                ) from error
            self._read_on()
            is_first, self._has_written = not self._has_written, True
        if is_first:
            self._on_first_write(
                f"recording prompts, settings and answers (no keys, no headers) in {shown(self._path)}: "
                "made for git, so read it before you commit it"
            )

    def nearest(self, request: Request) -> Request | None:
        """Return the recorded request that differs least."""
        with self._lock:
            self._read_on()
            return nearest(request, [response.request for response in self._responses.values()])

    def describe(self) -> str:
        """Name the file and how many responses it has."""
        with self._lock:
            self._read_on()
            n = len(self._responses)
        return f"{shown(self._path)} ({n} response{'' if n == 1 else 's'})"

    def check(self) -> None:
        """Read the file now.

        Raises:
            StoreError: it cannot be read, or a line is broken.
        """
        with self._lock:
            self._read_on()

    def _read_on(self) -> None:
        """Read what was appended since the last look; a broken line leaves everything as it was, and raises."""
        try:
            n_bytes, n_file = (status := self._path.stat()).st_size, status.st_ino
            if (
                n_bytes < self._n_read_bytes or n_file != self._n_file
            ):  # another branch's file stands there, or a prune's
                self._n_file = n_file
                self._responses, self._n_read_bytes, self._n_read_lines, self.n_damaged = {}, 0, 0, 0
            if n_bytes == self._n_read_bytes:
                return
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_ino != n_file:  # replaced between the two
                    self._read_on()
                    return
                file.seek(self._n_read_bytes)
                content = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(
                f"{shown(self._path)} cannot be read", found=str(error.strerror), hint="make it a readable file"
            ) from error
        lines = content.split(b"\n")
        # What stands behind the last line end is still being written, or was cut off by a kill: not there yet.
        tail = lines.pop()
        numbered = enumerate(lines, self._n_read_lines + 1)
        read = [self._read_line(line, number) for number, line in numbered if line.strip()]
        self._n_read_bytes += len(content) - len(tail)
        self._n_read_lines += len(lines)
        for response in read:
            self._take(response)

    def _read_line(self, line: bytes, number: int) -> Response | None:
        try:
            return from_line(line)
        except Damaged:
            if self._on_damage is not None:
                self._on_damage(f"{shown(self._path)} line {number}")
            return None
        except ValueError as error:
            is_conflict = line.startswith(_CONFLICT_MARKERS)
            raise StoreError(
                f"{shown(self._path)} line {number} is broken",
                found=f"a conflict marker: {line[:40]!r}" if is_conflict else f"{error}, in {line[:40]!r}",
                hint="keep both sides and drop the markers (.gitattributes: *.jsonl merge=union)"
                if is_conflict
                else "take the line out, and record its answer again: pytest --llmeval-cache=auto",
            ) from error

    def _take(self, response: Response | None) -> None:
        """Let the newest recording of a key stand, whatever the order of the lines."""
        if response is None:
            self.n_damaged += 1
            return
        known = self._responses.get(response.key)
        if known is None or (known.recorded_at, known.origin) < (response.recorded_at, response.origin):
            self._responses[response.key] = response


def _append(path: Path, line: bytes) -> None:
    """Write one line behind the last whole one, or nothing; the file's lock keeps other writers out."""
    descriptor = locked_file(path)
    try:
        n_bytes = _mend(descriptor)
        n_written = os.write(descriptor, line)
        if n_written != len(line):  # the disk is full now: a next write would say so, but half a line would stand
            os.ftruncate(descriptor, n_bytes)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)


def locked_file(path: Path) -> int:
    """Open the file that stands at a path, made if it is missing, and lock it; return its descriptor."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # While we waited, a prune may have put another file there: what is written to the old one would be lost.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)


def _mend(descriptor: int) -> int:
    """End the last line, or take it off if a kill cut it; return the length of the file then, in bytes."""
    n_bytes = os.fstat(descriptor).st_size
    if n_bytes == 0 or os.pread(descriptor, 1, n_bytes - 1) == b"\n":
        return n_bytes
    head, line_end, tail = os.pread(descriptor, n_bytes, 0).rpartition(b"\n")
    try:
        from_line(tail)
    except ValueError:
        os.ftruncate(descriptor, len(head) + len(line_end))
        return len(head) + len(line_end)
    return n_bytes + os.write(descriptor, b"\n")  # whole, but an editor took its line end

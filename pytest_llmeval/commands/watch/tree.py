"""What a project's files are at a moment, and which of them are others than they were.

By looking, not by listening: what is compared is what stood when a run began with what stands now. So a change during
a run is not lost, it does not matter how an editor writes, and it works where no events come (network, containers).
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmeval.gather.dependencies import is_entered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Signature = tuple[int, int, int, int]
"""Time of the content, time of the entry, size, number: what differs where a file was written or replaced."""
_VENV = "pyvenv.cfg"
_ABSENT = ""


class Tree:
    """The files below a root that somebody edits.

    Args:
        root: of the project.
        leave_out: name of the folders that recordings stand in.
    """

    def __init__(self, root: Path, leave_out: str) -> None:
        self._root = root
        self._leave_out = leave_out
        self._digests: dict[str, str] = {}

    def look(self) -> Mapping[str, Signature]:
        """Return every file by its path from the root; no hidden one, none in caches, environments or recordings."""
        found: dict[str, Signature] = {}
        ahead = [""]
        while ahead:
            below = ahead.pop()
            try:
                with os.scandir(self._root / below) as entries:
                    here = list(entries)
            except OSError:
                continue  # gone since
            if any(entry.name == _VENV for entry in here):
                continue
            for entry in here:
                path = f"{below}{entry.name}"
                try:
                    # A link to a folder is not followed: it may lead round in a circle.
                    if entry.is_dir(follow_symlinks=False):
                        ahead += [f"{path}{os.sep}"] if is_entered(entry.name, self._leave_out) else []
                    elif entry.is_file() and not entry.name.startswith("."):
                        found[path] = _signature(entry.stat())
                except OSError:
                    continue
        for path in self._digests.keys() - found.keys():
            # What was read by way of such a link.
            with suppress(OSError):
                found[path] = _signature((self._root / path).stat())
        return found

    def learn(self, paths: Iterable[str], then: Mapping[str, Signature]) -> None:
        """Remember the content of files as it was when a run began.

        Args:
            paths: what the run depended on; a file of them may not exist.
            then: what stood before the run. What has been written since is not remembered, so that it is a change.
        """
        now = self.look()
        for path in paths:
            if then.get(path) == now.get(path):
                self._digests[path] = self._digest(path)
            else:
                self._digests.pop(path, None)

    def changed(self, then: Mapping[str, Signature], now: Mapping[str, Signature]) -> frozenset[str]:
        """Return the files that came, went or hold something else; what was read and is saved as it was does not."""
        touched = {path for path in then.keys() | now.keys() if then.get(path) != now.get(path)}
        # What no run has read may be large, and is not read here either.
        return frozenset(
            path for path in touched if path not in self._digests or self._digests[path] != self._digest(path)
        )

    def _digest(self, path: str) -> str:
        try:
            return hashlib.sha256((self._root / path).read_bytes()).hexdigest()
        except OSError:
            return _ABSENT


def _signature(told: os.stat_result) -> Signature:
    return told.st_mtime_ns, told.st_ctime_ns, told.st_size, told.st_ino

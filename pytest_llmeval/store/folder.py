"""The folder of the working cache: its owner's only, and ignored by git."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def make_private(folder: Path) -> None:
    """Make the folder where it is missing (FAULTS 30); what stands in it, git does not see."""
    for missing in [one for one in (folder, *folder.parents) if not one.exists()][::-1]:
        missing.mkdir(mode=0o700, exist_ok=True)  # not parents=True: that would let everybody into them
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="ascii")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes of ours out; the lock is on the folder, so it leaves no file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

"""Text → a file in the place of an older one: a reader sees one of the two in full."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    from pathlib import Path


def put(path: Path, text: str, *, kind: str) -> None:
    """Write a report; folders are made.

    Args:
        path: of the file.
        text: all of it; a lone surrogate becomes a question mark.
        kind: as ``--llmeval-report`` calls it, for the message.

    Raises:
        LlmevalError: it cannot be written; an older file is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise LlmevalError(
            f"no report {str(path)!r}",
            found=f"{error.strerror or error}",
            hint=f"name a folder that can be written: --llmeval-report={kind}:PATH",
        ) from error


def replace(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Put a file in the place of an older one; who may read it is ``mode`` without what the umask takes away.

    Raises:
        OSError: it cannot be written; an older one is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(text.encode("utf-8", "replace"))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise LlmevalError(
            f"no report {str(path)!r}",
            found=f"{error.strerror or error}",
            hint=f"name a folder that can be written: --llmeval-report={kind}:PATH",
        ) from error

"""The sessions that are kept, read back from the newest on: what a case asked when it last ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError
from pytest_llmeval.gather import session_file
from pytest_llmeval.gather.session_folder import stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmeval.records import Session

_N_SESSIONS = 20  # looked through for a case that the newest session did not run


def newest_first(folder: Path) -> Iterator[Session]:
    """Yield the sessions in a folder that can be read, the newest first."""
    older = stored(folder)[::-1]
    seen: set[str] = set()
    for path in [folder / "session.jsonl", *older[:_N_SESSIONS]]:
        if path.stem in seen:
            continue
        try:
            session = session_file.read(path)
        except StoreError:
            continue  # an older format, or none at all: another may know the case
        seen.add(session.id)
        yield session

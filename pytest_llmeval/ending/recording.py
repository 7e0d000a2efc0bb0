"""What a run that asks no provider could not answer, and the command that records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.records import Session


def needs_recording(session: Session) -> list[str]:
    """Name the tests that asked for an answer that is not recorded, and the command for whoever has a key."""
    if not any(result.has_miss for result in session.results):
        return []
    from pytest_llmeval.exports.next_steps import recording

    missing = recording(session)
    return [f"llmeval: {missing.why}: {missing.command}"] if missing else []

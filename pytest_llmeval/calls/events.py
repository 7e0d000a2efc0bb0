"""Progress of the calls, as plain values; who listens decides how to show it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Progress(StrEnum):
    """What can happen to a request on its way to a provider."""

    ASKED = "asked"
    RETRIED = "retried"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class CallEvent:
    """One step of one live call. Replayed answers make none.

    Args:
        progress: what happened.
        model: as the request names it.
        attempt: which attempt, from 1.
        detail: why, where it is not a success; for a person, holds no secret.
    """

    progress: Progress
    model: str
    attempt: int
    detail: str = ""

"""Progress of the calls, as plain values; who listens decides how to show it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Progress(StrEnum):
    """What can happen to a request on its way to a provider.

    asked: an attempt is in flight.
    retried: the attempt failed, and another follows.
    answered: the answer is here, and stored.
    failed: there will be no answer, or nobody waits for it any more.
    """

    ASKED = "asked"
    RETRIED = "retried"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class CallEvent:
    """One step of one live call. Answers that were stored, by whichever process, make none.

    Every call that is asked ends in exactly one *answered* or *failed*.

    Args:
        progress: what happened.
        model: as the request names it.
        attempt: which attempt, from 1.
        detail: why, where it is not a success; for a person, holds no secret.
        cost_usd: of an answer; None where its price is unknown.
    """

    progress: Progress
    model: str
    attempt: int
    detail: str = ""
    cost_usd: float | None = None

"""What the user must be told once: in each process it is noted, rides on a report, and is heard in the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.gate.origins import stale_cases, stale_sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_llmeval.records import CaseResult

# Before the place of a stored answer that is damaged: workers read the same files, and each place counts once.
DAMAGED = "damaged: "
_SHOWN = 3


def closing_lines(heard: Collection[str]) -> list[str]:
    """Return the lines of a summary for what was heard, in its order: sentences as they are, damage as one line."""
    damaged = [notice.removeprefix(DAMAGED) for notice in heard if notice.startswith(DAMAGED)]
    said = [notice for notice in heard if not notice.startswith(DAMAGED)]
    return [*said, *([_told_damaged(sorted(damaged))] if damaged else [])]


def _told_damaged(places: Sequence[str]) -> str:
    shown = ", ".join(places[:_SHOWN]) + (", ..." if len(places) > _SHOWN else "")
    what = "1 stored answer is" if len(places) == 1 else f"{len(places)} stored answers are"
    return f"llmeval: {what} damaged and counted as not there ({shown}); see: llmeval cache verify"


def told_stale(results: Sequence[CaseResult], *, started_s: float, max_age_days: float | None) -> list[str]:
    """Say which cases stand on stale answers, and why; with a gate its own sentences say so.

    Args:
        results: of the session.
        started_s: when it began, in seconds since the epoch.
        max_age_days: age from which a recording is stale; None for never.
    """
    stale = stale_cases(results, now=datetime.fromtimestamp(started_s, tz=UTC), max_age_days=max_age_days)
    return [f"llmeval: {sentence}; to ask anew: llmeval cache refresh --drift" for sentence in stale_sentences(stale)]

"""What the user must be told once: in each process it is noted, rides on a report, and is heard in the controller."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_llmeval.errors import StoreError

# Before the place of a stored answer that is damaged: workers read the same files, and each place counts once.
DAMAGED = "damaged: "
# Before the key of an answer that was given to a test and could not be stored, and of one that was after all.
_UNSTORED, _STORED = "unstored: ", "stored after all: "
_SHOWN = 3
_SHOWN_DIGITS = 12


def closing_lines(heard: Collection[str]) -> list[str]:
    """Return the lines of a summary for what was heard, in its order: sentences as they are, damage as one line."""
    damaged = [notice.removeprefix(DAMAGED) for notice in heard if notice.startswith(DAMAGED)]
    said = [notice for notice in heard if not notice.startswith((DAMAGED, _UNSTORED, _STORED))]
    lost = unstored_answers(heard)
    return [
        *said,
        *([_told_damaged(sorted(damaged))] if damaged else []),
        *([_told_unstored(lost)] if lost else []),
    ]


def unstored(key: str, error: StoreError | None) -> str:
    """Return the notice that an answer could not be stored, or with None as the error that it was after all."""
    return f"{_UNSTORED}{key} {error.what}: {error.found}" if error else f"{_STORED}{key}"


def unstored_answers(heard: Collection[str]) -> dict[str, str]:
    """Return by key why an answer that was given to a test was not stored."""
    pairs = [notice.removeprefix(_UNSTORED).partition(" ") for notice in heard if notice.startswith(_UNSTORED)]
    return {key: why for key, _, why in pairs if f"{_STORED}{key}" not in heard}


def _told_unstored(lost: Mapping[str, str]) -> str:
    keys = [key[:_SHOWN_DIGITS] for key in sorted(lost)]
    shown = ", ".join(keys[:_SHOWN]) + (", ..." if len(keys) > _SHOWN else "")
    what = "1 answer was" if len(keys) == 1 else f"{len(keys)} answers were"
    why = next(iter(lost.values()))
    return (
        f"llmeval: {what} paid for and scored, and could not be stored wherever it belongs (key {shown}): {why}. "
        "What is stored nowhere is asked again by the next run"
    )


def _told_damaged(places: Sequence[str]) -> str:
    shown = ", ".join(places[:_SHOWN]) + (", ..." if len(places) > _SHOWN else "")
    what = "1 stored answer is" if len(places) == 1 else f"{len(places)} stored answers are"
    return f"llmeval: {what} damaged and counted as not there ({shown}); see: llmeval cache verify"

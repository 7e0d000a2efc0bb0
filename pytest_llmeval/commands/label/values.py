"""What people say in another tool's words → a label's number in [0, 1]; what is not understood is no number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmeval.records import Json

READ = "true or false, 0 to 1, 1 to 5, yes or no, pass or fail, good or bad"
_WORDS = {"yes": 1.0, "pass": 1.0, "good": 1.0, "true": 1.0, "no": 0.0, "fail": 0.0, "bad": 0.0, "false": 0.0}
_STARS = (1.0, 5.0)
_SHARE = (0.0, 1.0)


def scale_of(said: Iterable[Json]) -> tuple[float, float] | None:
    """Return the scale of one question's numbers: 0 to 1, or 1 to 5; None where they are of neither.

    A 1 by itself is of both, and good on the one and bad on the other; so all answers to the question are looked at.

    Args:
        said: every answer to the question; what is no number does not matter.
    """
    numbers = [number for value in said if (number := _number(value)) is not None]
    if all(0 <= number <= 1 for number in numbers):
        return _SHARE
    if all(number in (1, 2, 3, 4, 5) for number in numbers):
        return _STARS
    return None


def value_of(said: Json, scale: tuple[float, float] | None) -> float | None:
    """Return what an answer means: 0 bad, 1 good, or between.

    Args:
        said: a boolean, a number or a word, in any case.
        scale: least and greatest of the question's numbers; None where nobody knows.
    """
    if isinstance(said, bool):
        return float(said)
    number = _number(said)
    if number is not None:
        low, high = scale or (0.0, 0.0)
        return (number - low) / (high - low) if low < high and low <= number <= high else None
    return _WORDS.get(said.strip().lower()) if isinstance(said, str) else None


def _number(said: Json) -> float | None:
    """Return a number, or the one that a text is, as a choice of "1" to "5" is kept."""
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        return None
    try:
        number = float(said)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

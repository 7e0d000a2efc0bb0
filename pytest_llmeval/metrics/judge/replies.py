"""A judge's reply → what it says, or why it cannot be believed: one JSON object of one form, or no grade (FAULTS 17).

Nothing is mended: a fence around the object, a second object, a number as text are replies that did not follow the
rules, and who did not follow those may not have followed the others.
"""

from __future__ import annotations

import json
from typing import NamedTuple, NoReturn

from pytest_llmeval.calls.nonce import nonce_of
from pytest_llmeval.metrics.judge.material import FIELD
from pytest_llmeval.metrics.judge.rubric import HIGHEST, LOWEST
from pytest_llmeval.records import Json, Outcome, Response

_BETTER = ("first", "second", "tie")
_SHOWN = 60


class Grade(NamedTuple):
    """What one judge said.

    Args:
        value: its grade, 1 to 5, or ``first``, ``second`` or ``tie``, or the text that it wrote; None where it
            cannot be believed.
        reason: its own, or why it cannot be believed.
    """

    value: int | str | None
    reason: str


def read(response: Response, kind: str) -> Grade:
    """Read a reply.

    Args:
        response: as the judge gave it, or as it is replayed.
        kind: ``grade``, ``prefer`` or ``rewrite``.
    """
    if response.outcome is not Outcome.OK:
        return Grade(None, f"the judge's reply is {response.outcome.value}")
    try:
        said = json.loads(response.text, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        fault = str(error).partition(":")[0] if not isinstance(error, RecursionError) else "nested without end"
        return Grade(None, f"the judge's reply is no single JSON object ({fault}): {response.text[:_SHOWN]!r}")
    field = FIELD[kind]
    if not isinstance(said, dict) or said.keys() != {"nonce", "reason", field}:
        return Grade(
            None, f"the judge's reply has not the fields nonce, reason and {field}: {response.text[:_SHOWN]!r}"
        )
    nonce = nonce_of(response)
    if not nonce or said["nonce"] != nonce:
        return Grade(None, "the judge's reply does not echo its nonce, so it may be somebody else's words")
    if not isinstance(said["reason"], str) or not _is_valid(said[field], kind):
        return Grade(None, f"the judge's {field} is {said[field]!r:.{_SHOWN}}")
    return Grade(said[field], said["reason"])


def _is_valid(value: Json, kind: str) -> bool:
    if kind == "rewrite":
        return isinstance(value, str) and bool(value.strip())
    if kind == "prefer":
        return isinstance(value, str) and value in _BETTER
    return isinstance(value, int) and not isinstance(value, bool) and LOWEST <= value <= HIGHEST


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Refuse an object with two fields of one name: which of them counts is a matter of the reader."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a field stands twice")
    return dict(pairs)

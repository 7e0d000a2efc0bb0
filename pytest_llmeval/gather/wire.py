"""A case's result as one line of text, and back: one string is all that pytest-xdist carries from worker to controller.

In: a CaseResult in the worker, a Plan; out: ASCII JSON, and on the controller the equal record.

The one text that does not come back as it was: two lone surrogates in a row that together spell one character
come back as that character.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from pytest_llmeval.gather.codec import from_json, to_text
from pytest_llmeval.records import CaseResult, Plan, Response, Score, Shard
from pytest_llmeval.records.exchange import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Check, Json

# A 10 MB detail must not ride on a report; a judge's reply with its reasons is some 4 KiB.
MAX_SCORE_BYTES = 64 * 1024
MAX_TEXT_LENGTH = 100_000


def encode(result: CaseResult) -> str:
    """Return the result as one line of ASCII JSON.

    A check that cannot be stored becomes an unscored one that says why; a response of more than
    100,000 characters is cut, with a mark at its end; what it holds beside its text (vectors, logprobs, …) is left out
    where that is as long.
    """
    return pack(result)[0]


def pack(result: CaseResult) -> tuple[str, CaseResult]:
    """Return the result as ``encode`` writes it, and as ``decode`` would read it; equal results give equal texts."""
    try:
        text = to_text(result)
    except Exception:  # noqa: BLE001 - a user's metric may put any object here; its methods may raise anything
        text = ""
    if not 0 < len(text) <= MAX_SCORE_BYTES:  # a shorter text holds no detail that is too long
        result = storable(result)
        text = to_text(result)
    return text, result


def decode(text: str) -> CaseResult:
    """Return the result that ``encode`` wrote.

    Raises:
        ValueError: the text is no JSON, or not that of a CaseResult; the message names the field.
    """
    return from_json(CaseResult, loads(text))


def encode_plan(plan: Plan) -> str:
    """Return the plan as one line of ASCII JSON."""
    return to_text(plan)


def decode_plan(text: str) -> Plan:
    """Return the plan that ``encode_plan`` wrote; raises ValueError as ``decode`` does."""
    return from_json(Plan, loads(text))


def encode_shard(shard: Shard) -> str:
    """Return a shard, and with it the plan of all, as one line of ASCII JSON."""
    return to_text(shard)


def decode_shard(text: str) -> Shard:
    """Return what ``encode_shard`` wrote; raises ValueError as ``decode`` does."""
    return from_json(Shard, loads(text))


def loads(text: str) -> Json:
    """Parse JSON; raises ValueError for anything else, NaN and nesting without end included."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# -- what may not travel ------------------------------------------------------------------------------------------


def storable(result: CaseResult) -> CaseResult:
    """Return the result with nothing in it that cannot be stored; equal to the argument where all of it can."""
    return dataclasses.replace(
        result,
        checks=tuple(map(_storable_check, result.checks)),
        trials=tuple(
            dataclasses.replace(
                trial,
                checks=tuple(map(_storable_check, trial.checks)),
                calls=tuple(map(_cut, trial.calls)),
                judge_calls=tuple(map(_cut, trial.judge_calls)),
            )
            for trial in result.trials
        ),
    )


def _storable_check(check: Check) -> Check:
    try:
        n_bytes = len(to_text(check.score))
    except Exception as error:  # noqa: BLE001 - a user's metric may put any object here; its methods may raise anything
        fault = str(error) or type(error).__name__
    else:
        if n_bytes <= MAX_SCORE_BYTES:
            return check
        fault = f"{n_bytes:,} bytes, and at most {MAX_SCORE_BYTES:,} are"
    metric = str(check.score.metric)
    reason = f"llmeval: detail of metric {metric!r} cannot be stored: {fault}"
    return dataclasses.replace(check, score=Score.unscored(metric, reason, version=str(check.score.version)))


def _cut(response: Response) -> Response:
    if response.more:
        response = dataclasses.replace(response, more=_short(response.more))
    if len(response.text) <= MAX_TEXT_LENGTH:
        return response
    mark = f" […cut by llmeval: {len(response.text):,} characters in all]"
    return dataclasses.replace(response, text=response.text[: MAX_TEXT_LENGTH - len(mark)] + mark)


def _short(more: Mapping[str, Json]) -> dict[str, Json] | None:
    """Leave out what is too long to travel: vectors of many texts, logprobs of a long one."""
    return {name: value for name, value in more.items() if len(canonical(value)) <= MAX_TEXT_LENGTH} or None

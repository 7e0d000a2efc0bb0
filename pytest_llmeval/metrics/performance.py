"""Is the answer there in time, and for what it may cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pytest_llmeval.records import Response, Score

VERSION: Final = "1"
LIMITS: Final = ("latency_s", "first_token_s", "input_tokens", "output_tokens", "cost_usd")


def within(calls: Sequence[Response], limits: Mapping[str, float]) -> Score:
    """Score 1 if all limits are kept, else limit / measured of the worst one.

    Several calls are added up, since the user waits for all and pays for all; of the first tokens the latest counts. A
    replayed answer has the time and the price of its recording.

    Args:
        calls: what the answer took.
        limits: the most of each of ``LIMITS``, at least 0.

    Returns:
        A value in [0, 1], and what was measured in ``detail``; unscored where one of them is not known.
    """
    measured = {name: _measured(name, calls) for name in limits}
    unknown = [name for name, value in measured.items() if value is None]
    if unknown or not calls:
        what = f"{', '.join(unknown)} of the answer is not known" if calls else "no call is known that the answer took"
        return Score.unscored("within", what, version=VERSION)
    known = {name: value for name, value in measured.items() if value is not None}
    shares = {name: 1.0 if value <= limits[name] else limits[name] / value for name, value in known.items()}
    shown = ", ".join(f"{name} {value:g} of {limits[name]:g}" for name, value in known.items())
    return Score(metric="within", value=min(shares.values()), reason=shown, version=VERSION, detail=known)


def _measured(name: str, calls: Sequence[Response]) -> float | None:
    # ``first_token_s`` is there where the answer was streamed; in the reply itself where the application streamed it.
    own = {"input_tokens": "n_input_tokens", "output_tokens": "n_output_tokens"}.get(name, name)
    values = [getattr(call, own, None) for call in calls]
    if name == "first_token_s":
        values = [
            call.wire.first_s if value is None and call.wire else value
            for call, value in zip(calls, values, strict=True)
        ]
    numbers = [float(value) for value in values if value is not None]
    if len(numbers) < len(values) or not numbers:
        return None
    return max(numbers) if name == "first_token_s" else sum(numbers)

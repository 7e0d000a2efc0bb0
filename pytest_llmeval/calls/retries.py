"""The one retry layer: whether a failed attempt is followed by another, when, and what is said when none is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pytest_llmeval.calls.limits import MAX_PAUSE_S
from pytest_llmeval.calls.providers import address
from pytest_llmeval.calls.providers.headers import retry_after_s
from pytest_llmeval.errors import ProviderError

if TYPE_CHECKING:
    from pytest_llmeval.calls.providers import Fault
    from pytest_llmeval.records import Request

MAX_ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
_HINTS = {
    400: "see what it said; messages and settings are sent as they were written",
    401: "set the provider's key in the environment, such as OPENAI_API_KEY",
    403: "see what the provider's key may use",
    404: "see the model's name and api_base",
    429: "raise the provider's limits, or run again later: what was answered is stored and not asked twice",
}
_HINT = "run again: what was answered is stored and not asked twice"


def pause_s(fault: Fault, attempt: int, remaining_s: float) -> float | None:
    """Seconds before the next attempt; None: there is none.

    What the provider asks for, ``MAX_PAUSE_S`` at most; else twice as long each time, with jitter.

    Args:
        fault: what became of the attempt.
        attempt: which it was, from 1.
        remaining_s: what is left of the call's timeout.
    """
    if not fault.may_pass or attempt >= MAX_ATTEMPTS:
        return None
    asked_s = retry_after_s(fault.headers)
    if asked_s is not None:
        return min(asked_s, MAX_PAUSE_S) if asked_s < remaining_s else None
    chosen_s: float = FIRST_PAUSE_S * 2 ** (attempt - 1)
    chosen_s *= random.uniform(0.5, 1.0)  # noqa: S311  (spreads retries; no secret hangs on it)
    return chosen_s if chosen_s < remaining_s else None


def failure(fault: Fault, request: Request, attempt: int, remaining_s: float) -> ProviderError:
    """Return the error of a call that is not tried again; arguments as of ``pause_s``."""
    times = "1 attempt" if attempt == 1 else f"{attempt} attempts"
    why = ""
    if fault.may_pass and attempt < MAX_ATTEMPTS:
        asked_s = retry_after_s(fault.headers)
        left = f"{max(0.0, remaining_s):.1f} s are left of the timeout"
        why = f"; {left}" if asked_s is None else f"; it asks to wait {asked_s:.0f} s, and {left}"
    return ProviderError(
        f"no answer from {address(request)}: {fault.what}{why} (model {request.model!r}, {times})",
        found=fault.found,
        hint=_HINTS.get(fault.status or 0, _HINT),
    )

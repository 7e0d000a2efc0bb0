"""Read what a provider's headers say about when to ask again. Names in lower case do for every kind of mapping."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What remains, and when there is more: OpenAI's names, which most gateways send, and Anthropic's.
_LIMITS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
)
# LiteLLM's proxy hands the provider's headers on under this prefix, Retry-After too, and sets none of its own.
_HANDED_ON = "llm_provider-"
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)?")
_UNIT_S = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, in seconds from now, never negative; None where it is absent or unreadable.

    Source:
        RFC 9110 section 10.2.3: a number of seconds, or an HTTP date.
    """
    value = _value(headers, "retry-after")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return _from_now_s(moment)


def exhausted_s(headers: Mapping[str, str]) -> float:
    """Seconds until the provider takes requests again; 0 where it does not say that nothing remains.

    Source:
        OpenAI, "Rate limits in headers": a duration such as ``1s``, ``6m0s``, ``120ms``; Anthropic, "Rate limits:
        response headers": the time as RFC 3339.
    """
    longest_s = 0.0
    for remaining, reset in _LIMITS:
        if _value(headers, remaining) == "0":
            longest_s = max(longest_s, _until_s(_value(headers, reset)))
    return longest_s


def _value(headers: Mapping[str, str], name: str) -> str:
    """Return what a header says, of whoever answered, or else of the provider behind a gateway."""
    return (headers.get(name) or headers.get(_HANDED_ON + name) or "").strip()


def _until_s(value: str) -> float:
    """Read a duration or a time; 0 where it is neither."""
    parts = _PART.findall(value)
    if parts and "".join(map("".join, parts)) == value:
        return float(sum(float(number) * _UNIT_S[unit] for number, unit in parts))
    try:
        return _from_now_s(datetime.fromisoformat(value))
    except ValueError:
        return 0.0


def _from_now_s(moment: datetime) -> float:
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())

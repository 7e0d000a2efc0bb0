"""A fresh answer → the response that is stored and scored: without keys, redacted, priced, with its time and origin."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.key import origin
from pytest_llmeval.calls.leaks import without_keys
from pytest_llmeval.calls.prices import LISTED
from pytest_llmeval.records import Outcome, Provenance

if TYPE_CHECKING:
    from pytest_llmeval.calls.prices import Prices
    from pytest_llmeval.calls.redaction import Redact
    from pytest_llmeval.records import Response

_LENGTH_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def completed(
    response: Response, key: str, *, mode: Mode, prices: Prices | None = None, redact: Redact | None = None
) -> Response:
    """Return an answer that has just come, as everybody from here on sees it.

    Args:
        response: what the provider said.
        key: of its request.
        mode: where answers come from; refreshed ones are told from live ones.
        prices: what models cost; by default the list's.
        redact: takes out what nobody may see; None for nothing.
    """
    response = without_keys(response)
    if redact is not None:
        from pytest_llmeval.calls.redaction import redacted_answer

        response = redacted_answer(response, redact)
    recorded_at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return replace(
        response,
        latency_s=round(response.latency_s, 3),
        cost_usd=(prices or LISTED).cost_usd(response),
        recorded_at=recorded_at,
        key=key,
        origin=origin(key, response.text, recorded_at, response.wire, response.more),
        provenance=Provenance.REFRESHED if mode is Mode.REFRESH else Provenance.LIVE,
    )


def is_worth_keeping(response: Response) -> bool:
    """Whether asking again would be asking the same thing twice (FAULTS 16); of several choices, whether each would.

    A cut answer is what was asked for if the request itself sets the length; a filtered or empty one may be the
    provider's mood, and replaying it for months would make it the truth.
    """
    outcomes = {response.outcome, *(choice["outcome"] for choice in (response.more or {}).get("choices", ()))}
    if Outcome.TRUNCATED in outcomes:
        outcomes.discard(Outcome.TRUNCATED)
        if not any(name in response.request.settings for name in _LENGTH_LIMITS):
            return False
    return outcomes <= {Outcome.OK}

"""What a session took: tokens, money, seconds.

Comes in: a session, or the responses that ride on its trials. Goes out: sums, with the count of what is unknown beside
them, because an unknown price is not a price of zero.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.records import Provenance, Response, Session
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a group of answers took.

    Args:
        n_answers: answers in the group.
        n_input_tokens, n_output_tokens: sums over the answers that say.
        n_uncounted: answers whose provider gives no number of tokens.
        cost_usd: sum of the known prices in US dollars; None where there are answers and no price is known.
        n_unpriced: answers whose price is unknown.
    """

    n_answers: int
    n_input_tokens: int
    n_output_tokens: int
    n_uncounted: int
    cost_usd: float | None
    n_unpriced: int


def responses(session: Session) -> tuple[Response, ...]:
    """Return every answer of the session, of the model and of the judges, in the session's order."""
    trials = (trial for result in session.results for trial in result.trials)
    return tuple(call for trial in trials for call in (*trial.calls, *trial.judge_calls))


def asked(answers: Iterable[Response]) -> tuple[Response, ...]:
    """Return the answers that this session had to buy: not the replayed ones, and none twice.

    Equal requests in flight together are sent once, so two trials may hold one draw; its origin tells.
    """
    bought = {
        answer.origin or str(number): answer
        for number, answer in enumerate(answers)
        if answer.provenance is not Provenance.REPLAYED
    }
    return tuple(bought.values())


def replayed(answers: Iterable[Response]) -> tuple[Response, ...]:
    """Return the answers that came from the cache or from recordings."""
    return tuple(answer for answer in answers if answer.provenance is Provenance.REPLAYED)


def measure(answers: Sequence[Response]) -> Usage:
    """Add up what the answers took; the sums do not depend on their order."""
    prices = [answer.cost_usd for answer in answers if answer.cost_usd is not None]
    return Usage(
        n_answers=len(answers),
        n_input_tokens=sum(answer.n_input_tokens or 0 for answer in answers),
        n_output_tokens=sum(answer.n_output_tokens or 0 for answer in answers),
        n_uncounted=sum(answer.n_input_tokens is None or answer.n_output_tokens is None for answer in answers),
        cost_usd=math.fsum(prices) if prices or not answers else None,
        n_unpriced=len(answers) - len(prices),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that is at least as great as a share of them.

    Args:
        values: at least one number, in any order.
        share: in (0, 1]; 0.5 is the median.

    Source:
        Nearest rank: Hyndman & Fan 1996, "Sample Quantiles in Statistical Packages", definition 1.
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def models(session: Session) -> tuple[str, ...]:
    """Return the names of the models under test, sorted, as the requests spell them.

    A request of the application carries the index of its trial; a judge's carries none.
    """
    return tuple(sorted({call.request.model for call in responses(session) if call.request.trial is not None}))


def started_s(session: Session) -> float:
    """Return when the session began, in seconds since 1970."""
    return seconds_of(session.started_at)


def seconds_of(time: str) -> float:
    """Return a time in ISO 8601 as seconds since 1970; without a zone it is UTC, as the records promise."""
    moment = datetime.fromisoformat(time)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

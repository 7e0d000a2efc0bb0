"""Forecast → what a person reads before a run: how many trials, what they call and cost, what they could show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports.wording import count, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.records.forecast import Forecast


def lines(
    found: Forecast,
    *,
    concurrency: int,
    n_more: int,
    visible: Sequence[str],
    notes: Sequence[str],
    budget_usd: float | None = None,
) -> list[str]:
    """Return the plan in words, a line each.

    Args:
        found: what the run would do.
        concurrency: calls in flight at a time.
        n_more: trials that may be drawn on top, of cases that look worse (trials=auto).
        visible: what the run could show against the baseline.
        notes: what the figures stand on, or leave out.
        budget_usd: what the run may spend, in US dollars; None for no limit.
    """
    return [
        _trials(found, n_more),
        *_calls(found, concurrency),
        *(() if budget_usd is None else _budget(found, budget_usd)),
        *_unknown(found),
        *(visible or ["no baseline to compare with, so nothing could be shown"]),
        *_no_sample(found, visible),
        *notes,
        "nothing was run",
    ]


def _trials(found: Forecast, n_more: int) -> str:
    n_cases, total, sizes = len(found.trials), sum(found.trials), sorted(set(found.trials))
    cases = f"{count(n_cases, 'case')}"
    if len(sizes) == 1:
        text = f"{cases} x {count(sizes[0], 'trial')} = {count(total, 'trial')}"
    else:
        text = f"{cases} of {sizes[0]} to {sizes[-1]} trials = {count(total, 'trial')}"
    more = f", and up to {n_more} more where a case looks worse" if n_more else ""
    return f"{count(found.n_tests, 'test')}, {text}{more}"


def _calls(found: Forecast, concurrency: int) -> Iterator[str]:
    if len(found.unknown) == len(found.trials):
        return
    if found.n_missing:
        yield (
            f"calls: {found.n_replayed} replayed; {found.n_missing} not recorded, and nobody may be asked (replay): "
            "their tests would fail"
        )
        return
    if not found.n_live:
        yield f"calls: {found.n_replayed} replayed, none live: nothing to pay"
        return
    yield f"calls: {found.n_replayed} replayed, {found.n_live} live, {cost(found)}{_time(found, concurrency)}"
    if found.n_guessed:
        yield f"{found.n_guessed} of the live calls are of trials that never ran: taken to be like those of their case"


def _budget(found: Forecast, budget_usd: float) -> Iterator[str]:
    """Warn of a budget that does not cover the calls, or cannot be kept because nobody knows their prices."""
    if found.n_unpriced:
        calls = f"{count(found.n_unpriced, 'live call')} without a known price"
        yield f"BUDGET: {calls}, which a run with a budget does not make; say it in llmeval_prices"
    if found.cost_usd > budget_usd:
        price = f"about ${found.cost_usd:.4f}"
        yield f"BUDGET: ${budget_usd:.4f} does not cover {price}: tests would be left undone (exit status 6)"
    elif found.n_live and not found.n_unpriced:
        yield f"the budget of ${budget_usd:.4f} covers that"


def _no_sample(found: Forecast, visible: Sequence[str]) -> Iterator[str]:
    """Say what no trial can show: that the model has changed, if it is not asked."""
    if visible and found.n_replayed and not found.n_live:
        yield "nothing is asked anew: what the baseline itself holds says nothing about the model (refresh asks again)"


def cost(found: Forecast) -> str:
    """Say what the live calls of a run would cost, as far as that is known."""
    if found.n_unpriced == found.n_live:
        return "at a price that is not known"
    price = f"${found.cost_usd:.2f}" if found.cost_usd >= 0.01 else f"${found.cost_usd:.4f}"  # noqa: PLR2004 - a cent
    if not found.n_unpriced:
        return f"about {price}"
    verb = "has" if found.n_unpriced == 1 else "have"
    return f"about {price} ({count(found.n_unpriced, 'call')} {verb} no known price)"


def _time(found: Forecast, concurrency: int) -> str:
    seconds = found.latency_s / min(concurrency, found.n_live)
    return f"; about {seconds:.0f} s of waiting, {min(concurrency, found.n_live)} at a time" if seconds >= 1 else ""


def _unknown(found: Forecast) -> Iterator[str]:
    if not found.unknown:
        return
    if len(found.unknown) == len(found.trials):
        yield "calls: not known, since none of these cases has run here yet"
        return
    have = "case has" if len(found.unknown) == 1 else "cases have"
    named = join(map(str, found.unknown))
    yield f"{len(found.unknown)} {have} never run here, and their calls are not in these numbers: {named}"

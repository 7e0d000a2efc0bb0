"""The budget: the most that a call can cost is reserved before it is sent, and what it did cost is settled after.

In: requests, and how their attempts ended. Out: leave to send one, or the reason why nobody is asked. Imported where a
budget is set. ADR 20 has what is charged when.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.errors import BudgetSpent, StoreError, UsageError
from pytest_llmeval.records import Response
from pytest_llmeval.records.exchange import canonical

if TYPE_CHECKING:
    from pytest_llmeval.calls.prices import Price, Prices
    from pytest_llmeval.records import Json, Request

NANO = 1_000_000_000
_LENGTH_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_SEVERAL = ("n", "best_of")
# What stands for text that is elsewhere: nobody here knows how long it is.
_REFERENCES = ("previous_response_id", "conversation", "prompt", "file_id", "container")
_WITHOUT_ANSWER = ("embeddings",)
_TEXTS = frozenset({"text", "input_text", "output_text", "refusal", "tool_use", "tool_result", "thinking"})
_WITH_HIDDEN_PROMPT = ("tools", "functions", "response_format", "text")
_TOKENS_PER_MESSAGE = 16  # marks of role and end, of any chat template
_HIDDEN_PROMPT = 1024  # tokens; what providers put before a prompt with tools or a format
_UNKNOWN_PROMPT = 200_000  # tokens; of what cannot be counted here, where nobody says how much the model takes
# A gateway that has lost the reply it waited for: somebody may have been paid.
_LOST_STATUSES = frozenset({408, 502, 504})
_FIRST_ERROR = 400
_SMALL_USD = 0.001


class Reserved(NamedTuple):
    """What came of an attempt to reserve; amounts in nano-dollars.

    Args:
        number: of the reservation; None where the budget does not cover it now.
        spent: what is settled for good.
        held: what living processes have reserved.
    """

    number: int | None
    spent: int
    held: int


class Ledger(Protocol):
    """The account of a session, which all of its processes share. Amounts are whole nano-dollars, 0 or more."""

    def reserve(self, amount: int, limit: int) -> Reserved:
        """Reserve an amount, if it stays within the limit together with all that is spent and held: at once, or not.

        Raises:
            StoreError: the account cannot be read or written.
        """

    def settle(self, number: int, amount: int, *, is_sure: bool) -> None:
        """Put what was spent in the place of a reservation; not ``is_sure``: it may have been less."""

    def refuse(self) -> None:
        """Count a call that was not made."""


class Reservation(NamedTuple):
    """Leave to send one request once.

    Args:
        number: in the ledger.
        amount: in nano-dollars.
    """

    number: int
    amount: int


class Budget:
    """What may still be spent. Safe to share between threads.

    Args:
        ledger: of the session.
        prices: of the models.
        limit_usd: 0 or more.
        longest_wait_s: for what others hold; they are stopped, or hang, if it takes longer.
    """

    def __init__(self, ledger: Ledger, prices: Prices, limit_usd: float, *, longest_wait_s: float) -> None:
        self._ledger = ledger
        self._prices = prices
        self._limit = math.floor(limit_usd * NANO)
        self._longest_wait_s = longest_wait_s
        self._waiting_since_s = math.inf

    def reserve(self, request: Request) -> Reservation | None:
        """Reserve the most that one attempt at a request can cost.

        Returns:
            the reservation, to be given to ``settle``; None: not now, but what other calls hold may come back.

        Raises:
            BudgetSpent: the budget does not cover it, whatever comes back.
            UsageError: its price, or the length of its answer, has no known limit.
            StoreError: the ledger cannot be used.
        """
        amount = math.ceil(most_usd(request, self._prices) * NANO)
        reserved = self._ledger.reserve(amount, self._limit)
        if reserved.number is not None:
            self._waiting_since_s = math.inf
            return Reservation(reserved.number, amount)
        now_s = time.monotonic()
        self._waiting_since_s = min(self._waiting_since_s, now_s)
        if reserved.spent + amount <= self._limit and now_s - self._waiting_since_s <= self._longest_wait_s:
            return None
        self._ledger.refuse()
        left = max(0, self._limit - reserved.spent)
        raise BudgetSpent(
            f"{BudgetSpent.SIGN}: what is left of the budget of {dollars(self._limit)} does not cover this call",
            found=f"{dollars(left)} is left, and {request.model!r} may take {dollars(amount)}: its prompt, and "
            "an answer as long as max_tokens allows, or the model",
            hint="raise --llmeval-budget-usd, or give max_tokens; what was answered is stored and not asked twice",
        )

    def settle(self, reservation: Reservation | None, outcome: Response | BaseException) -> None:
        """Put what an attempt cost in the place of what was reserved for it.

        An answer costs its price; one without counts, and an attempt of which nobody knows how it ended, all that was
        reserved; an attempt that the provider refused, nothing.

        Args:
            reservation: None: there is nothing to settle.
            outcome: an answer, as the provider gave it; else what was raised.
        """
        if reservation is None:
            return
        amount, is_sure = reservation.amount, False
        if isinstance(outcome, Response):
            cost_usd = self._prices.cost_usd(outcome)
            if cost_usd is not None:
                amount, is_sure = math.ceil(cost_usd * NANO), True
        elif isinstance(outcome, Fault) and is_free(outcome.status):
            amount, is_sure = 0, True
        try:
            self._ledger.settle(reservation.number, amount, is_sure=is_sure)
        except StoreError:
            # The reservation stands, and counts as spent. The answer that was paid for must not be lost over it.
            return


def is_free(status: int | None) -> bool:
    """Whether an HTTP status says that nobody was paid; without a reply nobody knows."""
    return status is not None and status >= _FIRST_ERROR and status not in _LOST_STATUSES


def most_usd(request: Request, prices: Prices) -> float:
    """Return the most that one attempt at a request can cost, in US dollars.

    Raises:
        UsageError: the price is unknown, or nothing limits the length of the answer.
    """
    n_input = most_input_tokens(request, prices.of(request))
    price = prices.of(request, n_input)
    if price is None:
        raise unknown_price(request.model)
    n_output = 0 if request.kind in _WITHOUT_ANSWER else _most_output_tokens(request, price)
    return max(price.cost_usd(n_input, n_output, n_written=n) for n in (0, n_input))


def unknown_price(model: str) -> UsageError:
    """Say that a model cannot be asked within a budget."""
    return UsageError(
        f"the price of model {model!r} is not known, and a budget is set",
        found="of input and output, in llmeval_prices or in the list of an installed litellm",
        hint=f"say it in the ini, per million tokens: llmeval_prices = {model}: 0.15 input, 0.60 output",
    )


def most_input_tokens(request: Request, price: Price | None) -> int:
    """Return the most tokens that a prompt can have; more than there are, never fewer.

    A token of text is at least one byte, so the bytes of all that is sent are enough. An image, a file or what the
    provider keeps itself is not here to be counted: that is taken for as long as the model takes.
    """
    sent = [[dict(message) for message in request.messages], dict(request.settings)]
    # Canonical JSON writes a character beyond ASCII in six bytes or twelve, where UTF-8 has at most four.
    n_bytes = len(canonical(sent))
    n_most = n_bytes + _TOKENS_PER_MESSAGE * len(request.messages)
    n_most += _HIDDEN_PROMPT if any(map(request.settings.get, _WITH_HIDDEN_PROMPT)) else 0
    longest = price.most_input if price is not None else None
    if _has_more_than_text(request):
        return max(n_most, _UNKNOWN_PROMPT) if longest is None else longest
    return n_most if longest is None else min(n_most, longest)


def _has_more_than_text(request: Request) -> bool:
    if any(request.settings.get(name) for name in _REFERENCES):
        return True
    return any(_is_media(message.get("content")) for message in request.messages)


def _is_media(content: Json) -> bool:
    if not isinstance(content, (list, tuple)):
        return False
    parts = [part for part in content if isinstance(part, Mapping)]
    return any(part.get("type", "text") not in _TEXTS or _is_media(part.get("content")) for part in parts)


def _most_output_tokens(request: Request, price: Price) -> int:
    if price.output == 0:
        return 0
    extra = request.settings.get("extra_body")
    said = {**request.settings, **extra} if isinstance(extra, Mapping) else request.settings
    limits = [said[name] for name in _LENGTH_LIMITS if _is_count(said.get(name))]
    most = max(limits) if limits else price.most_output
    if most is None:
        raise UsageError(
            f"nothing limits the length of an answer of model {request.model!r}, and a budget is set",
            found="the call has no max_tokens, and the list of prices does not say the model's most",
            hint="give max_tokens= in the call, or: llmeval_prices = MODEL: X input, Y output, N max_tokens",
        )
    return most * max([said[name] for name in _SEVERAL if _is_count(said.get(name))], default=1)


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def dollars(amount: int) -> str:
    """Write nano-dollars for a person: with four digits behind the point, and more where those would say nothing."""
    usd = amount / NANO
    return f"${usd:.4f}" if usd >= _SMALL_USD or not amount else f"${usd:.9f}".rstrip("0")

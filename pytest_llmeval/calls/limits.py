"""How fast one provider may be asked: limits that were set, and limits that it taught us.

Pure of clocks and of asyncio: who asks passes the time in, seconds of a monotonic clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmeval.records import Json, Request, Response

MAX_PAUSE_S = 30.0
_MINUTE_S = 60.0
_CATCH_UP_S = 0.1  # a loop wakes late by milliseconds; without it a rate would never be reached
_CHARACTERS_PER_TOKEN = 4  # OpenAI's own rule of thumb for English text
_LENGTH_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What a user allows for one provider; None: no limit.

    Args:
        requests_per_minute: above 0.
        tokens_per_minute: above 0, prompt and answer together.

    Raises:
        UsageError: a limit is no number above 0.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not 0 < value < math.inf:
                raise UsageError(
                    f"{name}={value!r} is no rate", found="a rate is a number above 0", hint="leave it out for no limit"
                )


class Pace:
    """One limit a minute, spread evenly: no minute sees more than the limit, and 0.1 s of it.

    Args:
        per_minute: requests or tokens.

    Source:
        The generic cell rate algorithm in its form of virtual scheduling, ITU-T I.371 annex A. What is taken at a
        time may be more than the tolerance: a long prompt is let in, and paid off before the next.
    """

    def __init__(self, per_minute: float) -> None:
        self._interval_s = _MINUTE_S / per_minute
        self._due_s = -math.inf  # the theoretical arrival time of the next one

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next may be taken; 0: now."""
        return max(0.0, self._due_s - _CATCH_UP_S - now_s)

    def take(self, amount: float, now_s: float) -> None:
        """Take so many."""
        self._due_s = max(self._due_s, now_s) + amount * self._interval_s

    def correct(self, amount: float) -> None:
        """Take so many more, or give some back where it is negative: it was an estimate."""
        self._due_s += amount * self._interval_s


class Window:
    """How many requests may be in flight: halved when the provider refuses, and one more for each full round since.

    Args:
        most: never more than that, and so many at first.

    Source:
        Additive increase, multiplicative decrease: Chiu and Jain 1989; RFC 5681 section 3.1 (half of what is in
        flight, 1/size more for each success); once for each round trip, as RFC 6582 section 3.2.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = float(most)
        self._cut_s = -math.inf

    @property
    def size(self) -> int:
        """From 1 to ``most``."""
        return int(self._size)

    def shrink(self, n_in_flight: int, asked_s: float, now_s: float) -> None:
        """Halve it; a request sent before the last cut tells nothing new.

        Args:
            n_in_flight: the refused request among them.
            asked_s: when that was sent.
            now_s: when the refusal came.
        """
        if asked_s > self._cut_s:
            self._size = max(1.0, min(self._size, n_in_flight) / 2)
            self._cut_s = now_s

    def grow(self) -> None:
        """Count one success."""
        self._size = min(float(self._most), self._size + 1 / self._size)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request that was let through.

    Args:
        asked_s: when.
        n_tokens: how many it was taken to use.
    """

    asked_s: float
    n_tokens: float


class Limits:
    """All limits of one provider's host.

    Args:
        most_in_flight: requests at a time, whatever the provider would take.
        rate: what the user set.
    """

    def __init__(self, most_in_flight: int, rate: Rate) -> None:
        self.window = Window(most_in_flight)
        self.n_in_flight = 0
        self._requests = Pace(rate.requests_per_minute) if rate.requests_per_minute else None
        self._tokens = Pace(rate.tokens_per_minute) if rate.tokens_per_minute else None
        self._held_until_s = -math.inf
        self._n_outputs = 0
        self._mean_output = 0.0

    @property
    def has_room(self) -> bool:
        """Whether the window lets one more in; no time need be waited for, an answer makes room."""
        return self.n_in_flight < self.window.size

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next request may go; 0: now."""
        wait_s = max(0.0, self._held_until_s - now_s)
        for pace in (self._requests, self._tokens):
            if pace is not None:
                wait_s = max(wait_s, pace.wait_s(now_s))
        return wait_s

    def begin(self, request: Request, now_s: float) -> Ticket:
        """Let a request through."""
        self.n_in_flight += 1
        if self._requests is not None:
            self._requests.take(1, now_s)
        if self._tokens is None:
            return Ticket(now_s, 0.0)
        n_tokens = self._estimate(request)
        self._tokens.take(n_tokens, now_s)
        return Ticket(now_s, n_tokens)

    def end(self) -> None:
        """Count a request as no longer in flight, however it ended."""
        self.n_in_flight -= 1

    def answered(self, ticket: Ticket, response: Response) -> None:
        """Learn from an answer; before ``end``."""
        self.window.grow()
        n_input, n_output = response.n_input_tokens, response.n_output_tokens
        if self._tokens is None or n_input is None or n_output is None:
            return
        self._n_outputs += 1
        self._mean_output += (n_output - self._mean_output) / self._n_outputs
        self._tokens.correct(n_input + n_output - ticket.n_tokens)

    def refused(self, ticket: Ticket, now_s: float) -> None:
        """Learn from a 429; before ``end``."""
        self.window.shrink(self.n_in_flight, ticket.asked_s, now_s)

    def hold(self, pause_s: float, now_s: float) -> None:
        """Let nothing through for a while, ``MAX_PAUSE_S`` at most: the provider says that nothing is left."""
        if pause_s > 0:
            self._held_until_s = max(self._held_until_s, now_s + min(pause_s, MAX_PAUSE_S))

    def _estimate(self, request: Request) -> float:
        """Tokens of prompt and answer, before there is an answer."""
        limits = [request.settings[name] for name in _LENGTH_LIMITS if _is_count(request.settings.get(name))]
        n_characters = sum(_n_characters(message.get("content")) for message in request.messages)
        return n_characters / _CHARACTERS_PER_TOKEN + (min(limits) if limits else self._mean_output)


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _n_characters(content: Json) -> int:
    """Characters of a message's text; parts that are no text (an image is a long one) count nothing."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, (list, tuple)):
        return sum(_n_characters(part.get("text")) for part in content if isinstance(part, Mapping))
    return 0

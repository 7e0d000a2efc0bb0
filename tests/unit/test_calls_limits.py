"""How fast a provider is asked: what was set, and what its refusals and headers teach; clocks are passed in."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from pytest_llmeval.calls.limits import MAX_PAUSE_S, Limits, Pace, Rate, Window
from pytest_llmeval.calls.providers.headers import exhausted_s, retry_after_s
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Request, Response

ASKED = Request(model="openai/m", messages=({"role": "user", "content": "x" * 400},))


def pass_through(pace: Pace, until_s: float, amount: float = 1.0) -> int:
    """Count what one that never tires gets through."""
    now_s, n = 0.0, 0
    while now_s <= until_s:
        wait_s = pace.wait_s(now_s)
        if wait_s:
            now_s += wait_s
            continue
        pace.take(amount, now_s)
        n += 1
    return n


@pytest.mark.parametrize("per_minute", [1, 60, 500, 10_000])
def test_a_minute_sees_the_limit_and_no_more(per_minute):
    """Spread evenly, with a tenth of a second's worth of tolerance."""
    n = pass_through(Pace(per_minute), until_s=59.99)
    assert per_minute <= n <= per_minute * (1 + 0.1 / 60) + 1


def test_what_an_answer_took_corrects_what_it_was_estimated_at():
    """100 tokens of prompt by the rule of thumb; the answer, 500 more than expected, is paid off before the next."""
    limits = Limits(9, Rate(tokens_per_minute=6000))  # 100 a second
    ticket = limits.begin(ASKED, 0.0)
    assert 100 == ticket.n_tokens
    assert 0.9 == pytest.approx(limits.wait_s(0.0))

    limits.answered(ticket, Response(text="", request=ASKED, n_input_tokens=100, n_output_tokens=500))

    assert 5.9 == pytest.approx(limits.wait_s(0.0))
    limits.end()
    # From now on an answer is expected to be as long as those before it.
    assert 600 == limits.begin(ASKED, 10.0).n_tokens


def test_a_refusal_halves_the_window_once_a_round_and_answers_widen_it_again():
    """Additive increase, multiplicative decrease; from 1 to what it was."""
    window = Window(16)
    window.shrink(16, asked_s=1.0, now_s=2.0)
    window.shrink(15, asked_s=1.5, now_s=2.1)  # sent before the cut: it tells nothing new
    assert 8 == window.size
    for _ in range(9):
        window.grow()
    assert 9 == window.size
    for _ in range(1000):
        window.grow()
    assert 16 == window.size
    for at_s in range(3, 30):
        window.shrink(1, asked_s=at_s, now_s=at_s)
    assert 1 == window.size


def test_nothing_goes_while_the_provider_says_that_nothing_remains():
    """Bounded: a header must not stop a session for a day."""
    limits = Limits(9, Rate())
    assert 0 == limits.wait_s(100.0)
    limits.hold(2.5, 100.0)
    assert (2.5, 0.5, 0.0) == (limits.wait_s(100.0), limits.wait_s(102.0), limits.wait_s(103.0))
    limits.hold(86_400, 100.0)
    assert MAX_PAUSE_S == limits.wait_s(100.0)


@pytest.mark.parametrize(
    ("reset", "expected_s"),
    [("1s", 1), ("6m0s", 360), ("120ms", 0.12), ("1h0m2.5s", 3602.5), ("7", 7), ("soon", 0), ("", 0)],
)
def test_a_reset_is_read_as_openai_writes_it(reset, expected_s):
    """Only where nothing remains."""
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": reset}
    assert expected_s == pytest.approx(exhausted_s(headers))
    assert 0 == exhausted_s({**headers, "x-ratelimit-remaining-tokens": "12"})


def test_a_reset_is_read_as_anthropic_writes_it():
    """A time, in the future or past."""
    soon = (datetime.now(UTC) + timedelta(seconds=20)).isoformat().replace("+00:00", "Z")
    name = "anthropic-ratelimit-requests"
    assert 20 == pytest.approx(exhausted_s({f"{name}-remaining": "0", f"{name}-reset": soon}), abs=5)
    assert 0 == exhausted_s({f"{name}-remaining": "0", f"{name}-reset": "2020-01-01T00:00:00Z"})


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_a_rate_is_a_number_above_zero(wrong):
    """What would stop everything, or nothing, is a mistake."""
    with pytest.raises(UsageError, match="is no rate"):
        Rate(requests_per_minute=wrong)


def test_what_a_gateway_hands_on_is_read_and_its_own_word_comes_first():
    """LiteLLM's proxy prefixes the provider's headers; where it asks for a pause itself, that one counts."""
    assert 7 == retry_after_s({"llm_provider-retry-after": "7"})
    assert 5 == retry_after_s({"llm_provider-retry-after": "7", "retry-after": "5"})
    reset = {"llm_provider-x-ratelimit-remaining-tokens": "0", "llm_provider-x-ratelimit-reset-tokens": "2s"}
    assert 2 == exhausted_s(reset)
    assert None is retry_after_s({})

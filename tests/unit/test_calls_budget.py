"""What a call may cost at most, and what it is charged once it has ended."""

from __future__ import annotations

import pytest

from pytest_llmeval.calls.budget import Budget, Reserved, dollars, is_free, most_input_tokens, most_usd
from pytest_llmeval.calls.prices import Prices
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.errors import BudgetSpent, ProviderError, StoreError, UsageError
from pytest_llmeval.records import Request, Response

ROW = {
    "input_cost_per_token": 1e-6,
    "output_cost_per_token": 1e-3,
    "max_input_tokens": 5000,
    "max_output_tokens": 100,
}
PRICES = Prices({"openai/m": ROW})
OUTPUT_USD = 1e-3


def asked(content="Hi", model="openai/m", kind="", **settings):
    """A request of one message."""
    return Request(model=model, messages=({"role": "user", "content": content},), settings=settings, kind=kind)


class Noting:
    """A ledger that says what it is told to, and notes what it hears."""

    def __init__(self, number=1, spent=0, held=0, *, is_full=False):
        self.said = Reserved(number, spent, held)
        self.settled = []
        self.n_refused = 0
        self.is_full = is_full

    def reserve(self, amount, limit):
        """Say it."""
        self.amount, self.limit = amount, limit
        return self.said

    def settle(self, number, amount, *, is_sure):
        """Note it, or fail."""
        if self.is_full:
            raise StoreError("full")
        self.settled.append((number, amount, is_sure))

    def refuse(self):
        """Count it."""
        self.n_refused += 1


def budget(ledger, limit_usd=1.0, longest_wait_s=100.0):
    """A budget of a dollar."""
    return Budget(ledger, PRICES, limit_usd, longest_wait_s=longest_wait_s)


@pytest.mark.parametrize(
    ("settings", "n_output"),
    [
        ({"max_tokens": 7}, 7),
        ({"max_completion_tokens": 7}, 7),
        ({"max_output_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
        ({"extra_body": {"max_tokens": 7}}, 7),
        ({"max_tokens": 7, "n": 3}, 21),
        ({"max_tokens": 7, "n": 2, "best_of": 4}, 28),
        ({}, 100),
        ({"max_tokens": None}, 100),
        ({"max_tokens": True}, 100),
    ],
)
def test_the_longest_answer_is_what_the_call_says_or_the_models_most(settings, n_output):
    """Of several answers, all; of two limits, the one that lets more through."""
    n_input = most_input_tokens(asked(**settings), None)
    assert most_usd(asked(**settings), PRICES) == pytest.approx(n_output * OUTPUT_USD + n_input * 1e-6)


def test_an_answer_without_a_limit_is_refused_unless_it_costs_nothing():
    """Nobody could say what may be spent."""
    rates = {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-3}
    with pytest.raises(UsageError, match="nothing limits the length of an answer of model 'openai/m'"):
        most_usd(asked(), Prices({"openai/m": rates}))
    assert most_usd(asked(), Prices({"openai/m": rates | {"output_cost_per_token": 0.0}})) < 0.001
    assert most_usd(asked(kind="embeddings"), Prices({"openai/m": rates})) < 0.001


def test_an_unknown_price_is_refused_with_the_line_to_write():
    """As at the start of a run."""
    with pytest.raises(UsageError) as caught:
        most_usd(asked(model="openai/other"), PRICES)
    assert "llmeval_prices = openai/other: 0.15 input, 0.60 output" in caught.value.hint


@pytest.mark.parametrize("text", ["", "Hi", "é" * 100, "日本語" * 50, "🙂" * 60, "\ud83d", "\n\t\0" * 30])
def test_a_prompt_has_at_most_as_many_tokens_as_bytes(text):
    """A token of any byte-level tokenizer is at least one byte, and so many of each message come with it."""
    assert most_input_tokens(asked(text), None) >= len(text.encode("utf-8", "surrogatepass")) + 16


@pytest.mark.parametrize(
    "request_",
    [
        asked([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]),
        asked([{"type": "text", "text": "see"}, {"type": "input_file", "file_id": "f"}]),
        asked([{"type": "tool_result", "content": [{"type": "image", "source": {}}]}]),
        asked(previous_response_id="resp_1"),
    ],
    ids=["image", "file", "image of a tool", "kept by the provider"],
)
def test_what_is_not_here_to_be_counted_is_taken_for_as_long_as_the_model_takes(request_):
    """An address of sixty bytes may be an image of a thousand tokens."""
    assert 5000 == most_input_tokens(request_, PRICES.of_model("openai/m"))
    assert 200_000 <= most_input_tokens(request_, None)


def test_a_long_text_counts_no_more_than_the_model_takes():
    """A longer prompt is refused by the provider, and costs nothing."""
    assert 5000 == most_input_tokens(asked("x" * 10_000), PRICES.of_model("openai/m"))
    assert 10_000 < most_input_tokens(asked("x" * 10_000), None)


def test_a_prompt_that_is_written_to_a_cache_may_cost_more_and_that_is_reserved():
    """The dearer of the two."""
    dear = Prices({"openai/m": ROW | {"cache_creation_input_token_cost": 2e-6}})
    n_input = most_input_tokens(asked(max_tokens=1), None)
    assert most_usd(asked(max_tokens=1), dear) == pytest.approx(OUTPUT_USD + 2e-6 * n_input)


@pytest.mark.parametrize(
    ("outcome", "charged", "is_sure"),
    [
        (Response(text="", request=asked(), n_input_tokens=10, n_output_tokens=2), 2_010_000, True),
        (Response(text="", request=asked(), n_input_tokens=10), "all", False),
        (Fault("HTTP 429", status=429), 0, True),
        (Fault("HTTP 400", status=400), 0, True),
        (Fault("HTTP 500", status=500), 0, True),
        (Fault("HTTP 504", status=504), "all", False),
        (Fault("no reply"), "all", False),
        (Fault("malformed", status=200), "all", False),
        (KeyboardInterrupt(), "all", False),
    ],
    ids=["answer", "answer without counts", "429", "400", "500", "504", "no reply", "malformed", "given up"],
)
def test_what_is_known_is_charged_and_what_is_not_counts_in_full(outcome, charged, is_sure):
    """A refusal is free; where nobody knows, the most is taken."""
    ledger = Noting()
    spending = budget(ledger)

    spending.settle(spending.reserve(asked(max_tokens=5)), outcome)

    assert [(1, ledger.amount if charged == "all" else charged, is_sure)] == ledger.settled


def test_statuses_that_cost_nothing():
    """Of a gateway that lost its reply nobody knows."""
    assert [True, True, True, True, False, False, False, False] == [
        is_free(status) for status in (400, 429, 500, 503, 408, 502, 504, None)
    ]


def test_what_others_hold_is_waited_for_and_what_is_spent_is_not():
    """None: not now. The error says what is left, and is one of the infrastructure."""
    holding = Noting(None, spent=900_000_000, held=99_000_000)
    assert None is budget(holding).reserve(asked(max_tokens=50))
    assert 0 == holding.n_refused

    spent = Noting(None, spent=990_000_000, held=0)
    with pytest.raises(BudgetSpent, match=r"^not asked: what is left of the budget of \$1.0000 does not") as caught:
        budget(spent).reserve(asked(max_tokens=50))
    assert isinstance(caught.value, ProviderError)
    assert "$0.0100 is left, and 'openai/m' may take $0.0501" in caught.value.found
    assert 1 == spent.n_refused


def test_nobody_waits_for_ever():
    """A process that hangs with money in its hands does not hang the others."""
    with pytest.raises(BudgetSpent):
        budget(Noting(None, spent=0, held=999_000_000), longest_wait_s=-1.0).reserve(asked(max_tokens=50))


def test_a_ledger_that_cannot_be_written_costs_no_answer():
    """The reservation stands, and counts as spent."""
    spending = budget(Noting(is_full=True))
    spending.settle(spending.reserve(asked()), Response(text="", request=asked()))
    spending.settle(None, KeyboardInterrupt())


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.0000"),
        (1, "$0.000000001"),
        (150, "$0.00000015"),
        (4_020_000, "$0.0040"),
        (1_234_567_890, "$1.2346"),
    ],
)
def test_amounts_are_written_so_that_they_say_something(amount, text):
    """Never $0.0000 for what is not nothing."""
    assert text == dollars(amount)

"""What a call costs, by a price list of litellm's form that is found and not imported."""

from __future__ import annotations

import json
import sys

import pytest

from pytest_llmeval.calls import prices
from pytest_llmeval.calls.prices import Price, Prices
from pytest_llmeval.records import Request, Response


@pytest.fixture
def price_list(tmp_path, monkeypatch):
    """A package named litellm whose import would fail, with prices of three models."""
    package = tmp_path / "litellm"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('litellm was imported')")
    listed = {
        "gpt-4o-mini": {"litellm_provider": "openai", "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07},
        "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05},
        "embedding": {"litellm_provider": "openai", "input_cost_per_token": 1e-07},
        "long": {
            "litellm_provider": "openai",
            "input_cost_per_token": 1e-06,
            "output_cost_per_token": 1e-05,
            "cache_read_input_token_cost": 1e-07,
            "cache_creation_input_token_cost": 2e-06,
            "input_cost_per_token_above_200k_tokens": 3e-06,
            "output_cost_per_token_above_200k_tokens": 3e-05,
            "input_cost_per_token_priority": 5e-06,
            "max_input_tokens": 1000000,
            "max_tokens": 64000,
        },
    }
    (package / "model_prices_and_context_window_backup.json").write_text(json.dumps(listed))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    prices._listed.cache_clear()
    yield
    prices._listed.cache_clear()


def cost_usd(model, n_input, n_output, own=None, settings=None, **counts):
    """What an answer costs."""
    request = Request(model=model, messages=(), settings=settings or {})
    answer = Response(text="", request=request, n_input_tokens=n_input, n_output_tokens=n_output, **counts)
    return Prices(own or {}).cost_usd(answer)


@pytest.mark.usefixtures("price_list")
@pytest.mark.parametrize(
    ("model", "counts", "expected"),
    [
        ("openai/gpt-4o-mini", (1000, 100), 0.00021),  # 1000 x 1.5e-7 + 100 x 6e-7
        ("litellm/openai/gpt-4o-mini", (1000, 100), 0.00021),
        ("gpt-4o-mini", (1000, 100), 0.00021),
        ("azure/gpt-4o", (1000, 100), 0.003),
        ("openai/gpt-4o-mini", (0, 0), 0.0),
        ("azure/gpt-4o-mini", (1000, 100), None),
        ("openai/gpt-4o", (1000, 100), None),
        ("openai/embedding", (1000, 100), None),
        ("openai/gpt-4o-mini", (None, 100), None),
        ("openai/gpt-4o-mini", (1000, None), None),
    ],
)
def test_a_price_is_the_list_price_or_unknown(model, counts, expected):
    """A model of one provider never takes the price of another's; unknown is None, never 0."""
    assert cost_usd(model, *counts) == pytest.approx(expected)


def test_without_a_list_every_price_is_unknown(tmp_path, monkeypatch):
    """The litellm extra is optional."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    prices._listed.cache_clear()
    assert cost_usd("openai/gpt-4o-mini", 1, 1) is None
    prices._listed.cache_clear()


@pytest.mark.usefixtures("price_list")
@pytest.mark.parametrize(
    ("counts", "more", "expected"),
    [
        ((1000, 100), {"n_cached_tokens": 400}, 0.00164),  # 600 x 1e-6 + 400 x 1e-7 + 100 x 1e-5
        ((1000, 100), {"n_cache_write_tokens": 400}, 0.0024),  # 600 x 1e-6 + 400 x 2e-6 + 100 x 1e-5
        ((200_001, 100), {}, 0.603003),  # 200,001 x 3e-6 + 100 x 3e-5
        ((200_000, 100), {}, 0.201),
        ((1000, 100), {"settings": {"service_tier": "priority"}}, 0.006),  # its input alone has a price of its own
        ((1000, 100), {"settings": {"service_tier": "default"}}, 0.002),
    ],
)
def test_cached_prompts_long_prompts_and_faster_answers_have_their_own_prices(counts, more, expected):
    """Where the list has one."""
    assert cost_usd("openai/long", *counts, **more) == pytest.approx(expected)


@pytest.mark.usefixtures("price_list")
def test_a_cached_prompt_without_a_price_of_its_own_costs_what_any_other_does():
    """More than it does, never less."""
    assert cost_usd("openai/gpt-4o-mini", 1000, 100, n_cached_tokens=900) == pytest.approx(0.00021)


@pytest.mark.usefixtures("price_list")
def test_ones_own_price_comes_before_the_lists_and_the_longest_name_before_a_shorter():
    """A price of nothing is a price."""
    row = {"input_cost_per_token": 1.0, "output_cost_per_token": 0.0}
    own = {"openai/*": row, "openai/gpt-*": row | {"input_cost_per_token": 2.0}, "openai/gpt-4o-mini": row}
    assert 3.0 == cost_usd("openai/gpt-4o-mini", 3, 5, own)
    assert 6.0 == cost_usd("openai/gpt-4o", 3, 5, own)
    assert 3.0 == cost_usd("litellm/openai/other", 3, 5, own)
    assert cost_usd("azure/gpt-4o", 1000, 100, own) == pytest.approx(0.003)


@pytest.mark.usefixtures("price_list")
def test_the_longest_prompt_and_answer_are_the_lists():
    """An older row has the answer's length under another name."""
    found = Prices().of_model("openai/long")
    assert found == Price(1e-06, 1e-05, 1e-07, 2e-06, 1_000_000, 64_000)

"""What a call costs, by a price list of litellm's form that is found and not imported."""

from __future__ import annotations

import json
import sys

import pytest

from pytest_llmeval.calls import prices


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
    }
    (package / "model_prices_and_context_window_backup.json").write_text(json.dumps(listed))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    prices._prices.cache_clear()
    yield
    prices._prices.cache_clear()


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
    assert prices.cost_usd(model, *counts) == pytest.approx(expected)


def test_without_a_list_every_price_is_unknown(tmp_path, monkeypatch):
    """The litellm extra is optional."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    prices._prices.cache_clear()
    assert prices.cost_usd("openai/gpt-4o-mini", 1, 1) is None
    prices._prices.cache_clear()

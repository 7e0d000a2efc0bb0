"""What a call costs, by the price list that litellm ships; litellm itself is never imported for it (DESIGN 1)."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.calls.key import FORCES_LITELLM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Json

_PRICE_FILE = "model_prices_and_context_window_backup.json"


def cost_usd(model: str, n_input_tokens: int | None, n_output_tokens: int | None) -> float | None:
    """Return a call's price at list prices, in US dollars; None where the model's price or a count is unknown.

    Discounts (cached prompts, batches) and what a gateway adds are not in it.

    Args:
        model: litellm's spelling, such as ``openai/gpt-4o-mini``.
        n_input_tokens: tokens of the prompt.
        n_output_tokens: tokens of the answer.

    Source:
        litellm's ``model_prices_and_context_window_backup.json``: ``input_cost_per_token``,
        ``output_cost_per_token``, ``litellm_provider``.
    """
    price = _price(model.removeprefix(FORCES_LITELLM))
    per_input, per_output = price.get("input_cost_per_token"), price.get("output_cost_per_token")
    if per_input is None or per_output is None or n_input_tokens is None or n_output_tokens is None:
        return None
    return float(n_input_tokens * per_input + n_output_tokens * per_output)


def _price(model: str) -> Mapping[str, Json]:
    """Find a model under its full name, or without its provider where the list names the same provider."""
    prices = _prices()
    if model in prices:
        return prices[model]
    provider, _, name = model.partition("/")
    price = prices.get(name, {})
    return price if price.get("litellm_provider") == provider else {}


@cache
def _prices() -> Mapping[str, Mapping[str, Json]]:
    spec = find_spec("litellm")  # a top-level name: found, not imported
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / _PRICE_FILE
        if path.is_file():
            prices: dict[str, Mapping[str, Json]] = json.loads(path.read_bytes())
            return prices
    return {}

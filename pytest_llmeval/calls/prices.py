"""What a call costs: by the user's own prices, else by the list that litellm ships, which is read and never imported.

In: the counts that a provider gives with its answer. Out: US dollars, or None where the price or a count is unknown.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.key import FORCES_LITELLM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Json, Request, Response

ANY = "*"
_PRICE_FILE = "model_prices_and_context_window_backup.json"
_ABOVE, _TOKENS = "_above_", "k_tokens"
_TIERS = ("flex", "priority")
_NOTHING: Mapping[str, Json] = MappingProxyType({})


class Price(NamedTuple):
    """What a model costs, in US dollars a token.

    Args:
        input: a token of the prompt.
        output: a token of the answer.
        cached: a token of the prompt that the provider read from its own cache; None: as any other.
        written: a token of the prompt that it put there; None: as any other.
        most_input: tokens of the longest prompt that it takes; None: unknown.
        most_output: tokens of its longest answer; None: unknown.
    """

    input: float
    output: float
    cached: float | None = None
    written: float | None = None
    most_input: int | None = None
    most_output: int | None = None

    def cost_usd(self, n_input: int, n_output: int, *, n_cached: int = 0, n_written: int = 0) -> float:
        """Add up a call.

        Args:
            n_input: tokens of the whole prompt, ``n_cached`` and ``n_written`` of them included.
            n_output: tokens of the answer.
            n_cached: read from the provider's cache.
            n_written: put there.
        """
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.written is None else self.written
        plain = n_input - n_cached - n_written
        return float(plain * self.input + n_cached * cached + n_written * written + n_output * self.output)


class Prices:
    """Prices by model.

    Args:
        own: rows of litellm's form that come before its list, by the model's name; ``openai/*`` is every model whose
            name begins so, and the longest such name counts.
    """

    def __init__(self, own: Mapping[str, Mapping[str, Json]] = _NOTHING) -> None:
        self._own = own

    def cost_usd(self, response: Response) -> float | None:
        """Return what an answer costs, in US dollars; None where the model's price or a count is unknown.

        What is billed beside tokens (searches, seconds, images), and discounts of batches, are not in it.
        """
        n_input, n_output = response.n_input_tokens, response.n_output_tokens
        if n_input is None or n_output is None:
            return None
        price = self.of(response.request, n_input)
        if price is None:
            return None
        return price.cost_usd(
            n_input, n_output, n_cached=response.n_cached_tokens, n_written=response.n_cache_write_tokens
        )

    def of(self, request: Request, n_input: int = 0) -> Price | None:
        """Return the price of a request with a prompt of so many tokens: a long one may cost more a token."""
        tier = request.settings.get("service_tier")
        return self.of_model(request.model, n_input, tier=tier if tier in _TIERS else "")

    def of_model(self, model: str, n_input: int = 0, *, tier: str = "") -> Price | None:
        """Return the price of a model, None where it is unknown; an answer without a price has none to its cost.

        Args:
            model: litellm's spelling, such as ``openai/gpt-4o-mini``.
            n_input: tokens of the prompt.
            tier: ``flex`` or ``priority``; one that the list does not have costs what the usual one does.

        Source:
            litellm's ``model_prices_and_context_window_backup.json``: ``input_cost_per_token``,
            ``output_cost_per_token``, ``cache_read_input_token_cost``, ``cache_creation_input_token_cost``, each also
            with ``_above_200k_tokens``, ``_priority`` and the like behind it; ``max_input_tokens``,
            ``max_output_tokens``, ``max_tokens``, ``litellm_provider``.
        """
        row = self._row(model.removeprefix(FORCES_LITELLM))
        reached = max((size for size in _steps(row) if n_input > size * 1000), default=0)
        size = f"{_ABOVE}{reached}{_TOKENS}" if reached else ""

        def rate(name: str) -> float | None:
            names = [f"{name}{size}_{tier}", f"{name}_{tier}"] if tier else []
            names += [f"{name}{size}", name]
            return next((float(row[name]) for name in names if _is_rate(row.get(name))), None)

        per_input, per_output = rate("input_cost_per_token"), rate("output_cost_per_token")
        if per_input is None or per_output is None:
            return None
        return Price(
            per_input,
            per_output,
            cached=rate("cache_read_input_token_cost"),
            written=rate("cache_creation_input_token_cost"),
            most_input=_count(row.get("max_input_tokens")),
            # Older rows have the length of the answer as "max_tokens".
            most_output=_count(row.get("max_output_tokens")) or _count(row.get("max_tokens")),
        )

    def _row(self, model: str) -> Mapping[str, Json]:
        """Find a model under its full name, or without its provider where the list names the same provider."""
        if model in self._own:
            return self._own[model]
        heads = [name for name in self._own if name.endswith(ANY) and model.startswith(name.removesuffix(ANY))]
        if heads:
            return self._own[max(heads, key=len)]
        listed = _listed()
        if model in listed:
            return listed[model]
        provider, _, name = model.partition("/")
        row = listed.get(name, _NOTHING)
        return row if row.get("litellm_provider") == provider else _NOTHING


LISTED = Prices()


def _steps(row: Mapping[str, Json]) -> list[int]:
    """Return the thousands of tokens above which a prompt costs more."""
    head = "input_cost_per_token" + _ABOVE
    found = [name.removeprefix(head).removesuffix(_TOKENS) for name in row if name.startswith(head)]
    return [int(size) for size in found if size.isdecimal()]


def _is_rate(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


@cache
def _listed() -> Mapping[str, Mapping[str, Json]]:
    spec = find_spec("litellm")  # a top-level name: found, not imported
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / _PRICE_FILE
        if path.is_file():
            prices: dict[str, Mapping[str, Json]] = json.loads(path.read_bytes())
            return prices
    return {}

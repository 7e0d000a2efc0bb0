"""Keys where no key belongs: in a request, in an answer, in a session (FAULTS 23). Imported where something is asked.

A setting that is named like a secret is refused by ``guard``, whatever it holds. This is about values: what stands in
the environment under the name of a secret, and looks like one, is neither sent in a request nor stored.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.calls.guard import MASK, is_secret, masked
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Request, Response

_MIN_LENGTH = 16


def key_values() -> dict[str, str]:
    """Return what looks like a key in the environment, by variable; the longest first, since one may hold another."""
    # Not items(): pytest sets and deletes PYTEST_CURRENT_TEST in its thread while the engine's is here.
    values = {name: os.environ.get(name, "").strip() for name in os.environ if is_secret(name)}
    found = [(name, value) for name, value in values.items() if _is_like_a_key(value)]
    return dict(sorted(found, key=lambda pair: -len(pair[1])))


def _is_like_a_key(value: str) -> bool:
    """Whether a value is no word or name.

    Not every value under such a name is a secret: with POSTGRES_PASSWORD=postgres, as many a CI has it, an answer that
    speaks of postgres would be another answer there.
    """
    kinds = {"letter" if one.isalpha() else "digit" if one.isdigit() else one.isspace() for one in value}
    return len(value) >= _MIN_LENGTH and {"letter", "digit"} <= kinds and True not in kinds


def refuse_keys(request: Request) -> None:
    """Stop a request that holds a key, wherever it stands, before it is sent or named.

    Raises:
        UsageError: the message names the variable, and not its value.
    """
    values = key_values()
    if not values:
        return
    messages = [dict(message) for message in request.messages]
    place = [request.model, request.api_base, request.namespace, messages, dict(request.settings)]
    text = json.dumps(place, ensure_ascii=False, default=str)
    for name, value in values.items():
        if value in text or json.dumps(value)[1:-1] in text:
            raise UsageError(
                f"the request to model {masked(request.model)!r} holds the value of {name}",
                found="it was not sent: it would be stored with the answer, also in git",
                hint="take it out of prompt and settings; keys go by environment, and are sent as a header only",
            )


def without_keys(response: Response) -> Response:
    """Return an answer without the keys that it repeats: a tool, a debugging endpoint or a gateway may echo one."""
    values = key_values()
    parts = (response.text, response.model, response.fingerprint)
    if not any(value in part for value in values.values() for part in parts):
        return response
    text, model, fingerprint = (blanked(part, values) for part in parts)
    return replace(response, text=text, model=model, fingerprint=fingerprint)


def blanked(text: str, values: Mapping[str, str]) -> str:
    """Return a text with ``***`` in the place of each of these values."""
    for value in values.values():
        text = text.replace(value, MASK)
    return text

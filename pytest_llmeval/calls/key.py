"""What makes two requests the same: the cache key, the origin of a draw, and what differs between two requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json, Request, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmeval.records import Wire

KEY_VERSION = 1
_KEY = "_cache_key"

FORCES_LITELLM = "litellm/"  # a prefix of the model that picks the client, not the answer


def cache_key(request: Request) -> str:
    """Return the digest of everything in a request that can change its answer, as 64 hex digits.

    What is empty is left out, so that a field which a later version adds leaves the keys of requests without it as
    they are. ``litellm/openai/x`` and ``openai/x`` have one key: the same answer whichever client speaks. Numbers
    count as they are written: ``0`` and ``0.0`` are two settings.

    Args:
        request: with its ``api_base`` resolved (see ``providers.resolved``).

    Raises:
        UsageError: a message or setting holds what JSON cannot.
    """
    # A request never changes, and several steps on its way ask for its key.
    known: str | None = request.__dict__.get(_KEY)
    if known is not None:
        return known
    try:
        key = request.__dict__[_KEY] = digest(_counted(request) | {"v": KEY_VERSION})
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the request to model {request.model!r} cannot be written as JSON",
            found=f"in its messages or settings: {error}",
            hint="pass text, finite numbers, true, false, lists and dicts with text keys",
        ) from error
    return key


def origin(
    key: str, text: str, recorded_at: str, wire: Wire | None = None, more: Mapping[str, Json] | None = None
) -> str:
    """Return the identity of one draw, as 16 hex digits.

    The time is in it, so two draws of the same text are two draws. 64 bits are enough: origins are only compared
    within a case's own draws, and even among a million draws two collide with probability 3e-8 (n²/2⁶⁵). It guards
    against damage and hand edits, not against a forger, who could compute it anew at any length.

    Args:
        key: the cache key.
        text: the answer.
        recorded_at: when it was asked, ISO 8601 in UTC.
        wire: the reply itself, where it is stored: what is replayed from it must not differ from what was recorded.
        more: what the answer holds beside its text, likewise.
    """
    beside = ([dict(wire.headers), wire.body] if wire else []) + ([dict(more)] if more else [])
    return digest([key, text, recorded_at, *beside])[:16]


def difference(request: Request, other: Request) -> list[str]:
    """Name the parts of a request in which another differs, such as ``system message`` or ``settings.temperature``.

    Returns:
        names in a fixed order; empty if and only if both have the same key.
    """
    mine, theirs = _counted(request), _counted(other)
    names = [part for part in ("kind", "model", "api_base", "namespace") if _differs(mine.get(part), theirs.get(part))]
    if _differs(_messages(request, is_system=True), _messages(other, is_system=True)):
        names.append("system message")
    if _differs(_messages(request, is_system=False), _messages(other, is_system=False)):
        names.append("messages")
    settings, others = mine.get("settings", {}), theirs.get("settings", {})
    names += [
        f"settings.{name}"
        for name in sorted(settings.keys() | others.keys())
        if (name in settings) != (name in others) or _differs(settings.get(name), others.get(name))
    ]
    names += [part for part in ("trial", "repeat") if _differs(mine.get(part), theirs.get(part))]
    if not names and _differs(mine, theirs):  # the system message stands at another place
        names.append("order of messages")
    return names


def nearest(request: Request, stored: Iterable[Request]) -> Request | None:
    """Return the stored request that differs least, the same question before any other; None if there is none.

    A changed system prompt touches every case, so "same question, other prompt" tells more than the reverse.
    """

    def distance(other: Request) -> tuple[bool, int]:
        names = difference(request, other)
        return "messages" in names, len(names)

    return min(stored, key=distance, default=None)


def _counted(request: Request) -> dict[str, Json]:
    """The parts that count, without those that are empty; trial 0 is not empty, the first of equal requests is."""
    parts: dict[str, Json] = {
        "model": request.model.removeprefix(FORCES_LITELLM),
        "messages": [dict(message) for message in request.messages],
    }
    if request.settings:
        parts["settings"] = dict(request.settings)
    if api_base := request.api_base.rstrip("/"):
        parts["api_base"] = api_base
    if request.namespace:
        parts["namespace"] = request.namespace
    if request.trial is not None:
        parts["trial"] = request.trial
    if request.repeat:
        parts["repeat"] = request.repeat
    if request.kind:
        parts["kind"] = request.kind
    return parts


def _messages(request: Request, *, is_system: bool) -> list[Mapping[str, Json]]:
    return [dict(message) for message in request.messages if (message.get("role") == "system") is is_system]


def _differs(one: Json, other: Json) -> bool:
    """Whether two JSON values are written differently; ``==`` takes 1, 1.0 and true for the same."""
    return json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)

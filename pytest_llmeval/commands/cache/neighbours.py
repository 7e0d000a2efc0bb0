"""The nearest stored request to one that has no answer, and in what the two differ, in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.key import cache_key, difference, nearest
from pytest_llmeval.exports.word_diff import word_diff
from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmeval.records import Json, Request

_SETTING = "settings."
_SYSTEM, _MESSAGES = "system message", "messages"


class Change(NamedTuple):
    """A part in which a request differs from the nearest stored one; ``words`` says how, from stored to asked."""

    part: str
    words: str


class Neighbours:
    """Stored requests, found by likeness.

    Args:
        requests: all that are stored.
    """

    def __init__(self, requests: Iterable[Request]) -> None:
        self._by_key = {cache_key(request): request for request in requests}
        # The same question is nearer than any other: mostly a few of thousands have to be compared.
        self._by_question: dict[str, list[Request]] = {}
        for request in self._by_key.values():
            self._by_question.setdefault(_question(request), []).append(request)

    def __contains__(self, request: Request) -> bool:
        """Whether an answer to this very request is stored."""
        return cache_key(request) in self._by_key

    def nearest(self, request: Request) -> Request | None:
        """Return the request that differs least, but is another; None where there is none."""
        same = [other for other in self._by_question.get(_question(request), ()) if _is_other(request, other)]
        return nearest(request, same or [other for other in self._by_key.values() if _is_other(request, other)])


def changes(request: Request, stored: Request) -> tuple[Change, ...]:
    """Say in which parts a request differs from a stored one, and in which words."""
    return tuple(Change(part, _words(part, request, stored)) for part in difference(request, stored))


def _words(part: str, asked: Request, stored: Request) -> str:
    if part in (_SYSTEM, _MESSAGES):
        is_system = part == _SYSTEM
        before, after = _text(stored, is_system=is_system), _text(asked, is_system=is_system)
        # Equal words: blanks differ, or a field beside the text, or where one message ends.
        return word_diff(before, after) or "blanks, or how the text is divided"
    if part.startswith(_SETTING):
        name = part.removeprefix(_SETTING)
        return f"{_value(stored.settings, name)} -> {_value(asked.settings, name)}"
    if not hasattr(asked, part):
        return ""
    return f"{_shown(getattr(stored, part))} -> {_shown(getattr(asked, part))}"


def _text(request: Request, *, is_system: bool) -> str:
    return "\n".join(_content(dict(m)) for m in request.messages if (m.get("role") == "system") is is_system)


def _content(message: dict[str, Json]) -> str:
    content = message.pop("content", "")
    role = message.pop("role", "")
    said = content if isinstance(content, str) else json.dumps(content, sort_keys=True)
    more = f" {json.dumps(message, sort_keys=True)}" if message else ""
    return said + more if role in ("system", "user") else f"{role}: {said}{more}"


def _value(settings: Json, name: str) -> str:
    return _shown(settings[name]) if name in settings else "not set"


def _shown(value: Json) -> str:
    return "none" if value is None else json.dumps(value, sort_keys=True)


def _question(request: Request) -> str:
    return digest([dict(message) for message in request.messages if message.get("role") != "system"])


def _is_other(request: Request, other: Request) -> bool:
    return cache_key(request) != cache_key(other)

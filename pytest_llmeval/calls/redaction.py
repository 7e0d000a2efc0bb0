"""What a user wants gone from requests and answers, before a key is made of it and before anybody sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pytest_llmeval.records import Json, Request, Response

Redact: TypeAlias = Callable[[str], str]
"""Text in, text out; called in the test's thread for a request, and on the loop's for an answer."""

# Words of the protocol, and not of anybody.
_PROTOCOL = frozenset({"role", "type"})
_INLINE = "data:"


def redacted(request: Request, redact: Redact) -> Request:
    """Return the request as it is sent, stored and made a key of: every text in messages and settings redacted.

    Args:
        request: as it was written.
        redact: is given each text by itself, however deep it stands. Names, the values of ``role`` and ``type``, and
            inline files (``data:...``, whose digits look like anything) are left as they are.
    """
    return replace(
        request,
        messages=tuple(_deep(message, redact) for message in request.messages),
        settings=_deep(request.settings, redact),
    )


def redacted_answer(response: Response, redact: Redact) -> Response:
    """Return the response as its test sees it, and as it is stored."""
    text = redact(response.text)
    return replace(response, text=text, more=_more(response, text, redact) if response.more else None)


def _more(response: Response, text: str, redact: Redact) -> Json:
    """What an answer holds beside its text; what spells a text that is not the same any more goes."""
    more = dict(response.more or {})
    if text != response.text:
        more.pop("logprobs", None)
        more.pop("pieces", None)
    if "tool_calls" in more:
        more["tool_calls"] = [_call(call, redact) for call in more["tool_calls"]]
    if "choices" in more:
        more["choices"] = [_choice(choice, redact) for choice in more["choices"]]
    return more


def _choice(choice: Mapping[str, Json], redact: Redact) -> Json:
    found = {**choice, "text": redact(choice["text"])}
    if found["text"] != choice["text"]:
        found.pop("logprobs", None)
    if "tool_calls" in choice:
        found["tool_calls"] = [_call(call, redact) for call in choice["tool_calls"]]
    return found


def _call(call: Mapping[str, Json], redact: Redact) -> Json:
    """A call of a tool: in its arguments each text by itself, so that they stay JSON."""
    try:
        arguments = json.loads(call["arguments"])
    except (ValueError, RecursionError):
        return {**call, "arguments": redact(call["arguments"])}
    found = _deep(arguments, redact)
    return call if found == arguments else {**call, "arguments": json.dumps(found)}


def _deep(value: Json, redact: Redact) -> Json:
    if isinstance(value, str):
        return value if value.startswith(_INLINE) else redact(value)
    if isinstance(value, Mapping):
        return {name: part if name in _PROTOCOL else _deep(part, redact) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_deep(part, redact) for part in value]
    return value

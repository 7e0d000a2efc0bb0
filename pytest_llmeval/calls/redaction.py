"""What a user wants gone from requests and answers, before a key is made of it and before anybody sees it."""

from __future__ import annotations

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
    return replace(response, text=redact(response.text))


def _deep(value: Json, redact: Redact) -> Json:
    if isinstance(value, str):
        return value if value.startswith(_INLINE) else redact(value)
    if isinstance(value, Mapping):
        return {name: part if name in _PROTOCOL else _deep(part, redact) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_deep(part, redact) for part in value]
    return value

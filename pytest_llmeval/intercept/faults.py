"""Which of an application's errors are its provider's: infrastructure, and no quality.

What failed on the wire is marked where it is seen, and found again in the error that ends the test, however the
client has wrapped it. Only a provider that could not answer counts: a request that it refuses (400, 404, 422) is the
application's own doing.
"""

from __future__ import annotations

from typing import Any

_MARK = "llmeval_fault"
_STATUSES = frozenset({401, 403, 408, 409, 425, 429})
_SERVER_ERROR = 500
# What they raise inside ``except``, without ``from``, is still the error that they caught.
CLIENTS = frozenset({"anthropic", "httpx", "httpx2", "litellm", "openai"})


def mark_reply(response: Any) -> None:  # noqa: ANN401 - of either module
    """Mark a reply if its status says that the provider could not answer."""
    if response.status_code in _STATUSES or response.status_code >= _SERVER_ERROR:
        response.extensions[_MARK] = True


def mark_error(error: BaseException) -> None:
    """Mark what a transport raised: no connection, no reply in time."""
    if isinstance(error, Exception):
        error.__dict__[_MARK] = True


def found(error: BaseException | None) -> BaseException | None:
    """Return the marked error that another is, or was made of; None where the provider is not to blame."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        extensions = getattr(getattr(error, "response", None), "extensions", None)
        if _MARK in error.__dict__ or (isinstance(extensions, dict) and _MARK in extensions):
            return error
        is_clients = type(error).__module__.partition(".")[0] in CLIENTS
        error = error.__cause__ or (error.__context__ if is_clients else None)
    return None

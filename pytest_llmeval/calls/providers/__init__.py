"""Who answers: the contract of a provider, which one a request goes to, and how a provider fails.

A provider turns a request into a response and knows neither keys of the cache nor retries. The modules beside this
one import aiohttp and litellm, so they are imported at the first live call only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit

from pytest_llmeval.calls.key import FORCES_LITELLM

if TYPE_CHECKING:
    from pytest_llmeval.records import Request, Response

TOO_MANY_REQUESTS = 429
IS_OURS: ContextVar[bool] = ContextVar("llmeval_is_ours", default=False)
"""Whether it is a provider of ours that speaks to a client of others, such as litellm: not the application."""
_OPENAI = "openai/"
_SERVER_ERRORS = range(500, 600)
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Completion(NamedTuple):
    """What came back.

    Args:
        response: text, outcome, model, fingerprint, token counts and latency; the rest is the engine's.
        headers: as they came; found by names in lower case.
    """

    response: Response
    headers: Mapping[str, str]


class Provider(Protocol):
    """One way to reach models. Used from one event loop only."""

    async def complete(self, request: Request, *, authorization: str, timeout_s: float) -> Completion:
        """Ask once, without retry.

        Args:
            request: what is asked.
            authorization: what ``authorization`` returned when the call was made; a test's own environment is gone
                by the time its call is sent.
            timeout_s: most seconds until the whole answer is here.

        Raises:
            Fault: no answer.
        """

    async def close(self) -> None:
        """Give connections back."""


class Fault(Exception):
    """One failed attempt; it never leaves ``calls``: the loop tries again, or raises a ``ProviderError``.

    Args:
        what: the failure in one clause, such as ``HTTP 429``; holds no secret.
        found: what the provider said.
        status: HTTP status, None where no answer came.
        headers: of the reply, where one came; found by names in lower case.
        is_final: asking again cannot help, whatever the status says.
    """

    def __init__(
        self,
        what: str,
        *,
        found: str = "",
        status: int | None = None,
        headers: Mapping[str, str] = _NOTHING,
        is_final: bool = False,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.found = found
        self.status = status
        self.headers = headers
        self.may_pass = not is_final and (status is None or status == TOO_MANY_REQUESTS or status in _SERVER_ERRORS)


def is_direct(request: Request) -> bool:
    """Say whether a request is spoken over the OpenAI-compatible wire; every other goes through litellm.

    ``openai/NAME`` is, and any NAME without a provider if it has an endpoint; ``litellm/…`` never is.
    """
    if request.model.startswith(FORCES_LITELLM):
        return False
    return request.model.startswith(_OPENAI) or ("/" not in request.model and bool(request.api_base))


def address(request: Request) -> str:
    """Name who is asked, for an error text: the endpoint's host, or the provider of the model's name."""
    return urlsplit(request.api_base).netloc or request.model.removeprefix(FORCES_LITELLM).partition("/")[0]


def bare_name(model: str) -> str:
    """Return the model's name as its endpoint knows it: ``openai/org/name`` is ``org/name`` there."""
    return model.removeprefix(_OPENAI)


def resolved(request: Request) -> Request:
    """Write the endpoint that the environment names into the request, because it can change the answer.

    ``OPENAI_BASE_URL`` is read by the direct provider and by litellm alike.
    """
    model = request.model.removeprefix(FORCES_LITELLM)
    if request.api_base or not model.startswith(_OPENAI):
        return request
    api_base = os.environ.get("OPENAI_BASE_URL")
    # The very object where nothing is to be written: it knows its key, and its files.
    return replace(request, api_base=api_base) if api_base else request

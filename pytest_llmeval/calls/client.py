"""``llm``: what a test calls. One client for each trial."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_llmeval.calls.coroutines import landed
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.providers import resolved
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json, Request, Response

if TYPE_CHECKING:
    from pytest_llmeval.calls.redaction import Redact

_NOTHING: Mapping[str, Json] = MappingProxyType({})


class Client:
    """Ask a model, as one trial of one case. Safe to call from several threads.

    Args:
        ask: what answers, usually the engine's; the answer may still be on its way.
        model: asked where a call names none; empty: every call must.
        api_base: the endpoint where a call names none; empty: the provider's own.
        namespace: the tenant.
        trial: index of the trial, from 0; None for a judge's, whose equal requests share one answer.
        on_response: told of every response, in the order in which they were asked for.
        settings: sent with every call, unless the call gives another value.
        redact: takes out of every request what nobody may see; None for nothing.
    """

    def __init__(
        self,
        *,
        ask: Callable[[Request], Response],
        model: str = "",
        api_base: str = "",
        namespace: str = "",
        trial: int | None,
        on_response: Callable[[Response], None],
        settings: Mapping[str, Json] = _NOTHING,
        redact: Redact | None = None,
    ) -> None:
        self._ask = ask
        self._model = model
        self._api_base = api_base
        self._namespace = namespace
        self._trial = trial
        self._on_response = on_response
        self._settings = settings
        self._redact = redact
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(
        self,
        prompt: str | Sequence[Mapping[str, Json]],
        *,
        system: str | None = None,
        model: str | None = None,
        api_base: str | None = None,
        **settings: Json,
    ) -> Response:
        """Ask once and return the answer: a stored one at once, a fresh one while it is still on its way.

        Reading any field of an answer that is on its way waits for it, and raises what went wrong; a check of it does
        not wait. So the calls of many tests are in flight together.

        Args:
            prompt: the user's message, or all messages as ``{"role": ..., "content": ...}``.
            system: the system message, put before all others.
            model: in place of the client's.
            api_base: in place of the client's.
            settings: sent as they are (``temperature``, ``max_tokens``, ``seed``); None takes a default one back.

        Raises:
            UsageError: no model, or a prompt or setting that cannot be sent.
            CacheMiss: nothing stored, and the mode forbids to ask.
            ProviderError: the provider failed; here where the test is eager, else where the answer is read.
        """
        __tracebackhide__ = True  # pytest: a failing call fails in the user's own line
        response = self._ask(self._request(prompt, system, model, api_base, settings))
        self._on_response(response)
        return response

    async def acall(
        self,
        prompt: str | Sequence[Mapping[str, Json]],
        *,
        system: str | None = None,
        model: str | None = None,
        api_base: str | None = None,
        **settings: Json,
    ) -> Response:
        """Ask once and await the answer, in any event loop of asyncio or trio; arguments and errors as of a call."""
        __tracebackhide__ = True
        response = self._ask(self._request(prompt, system, model, api_base, settings))
        self._on_response(response)
        return await landed(response)

    def _request(
        self,
        prompt: str | Sequence[Mapping[str, Json]],
        system: str | None,
        model: str | None,
        api_base: str | None,
        settings: Mapping[str, Json],
    ) -> Request:
        wanted = {**self._settings, **settings} if settings else self._settings
        if None in wanted.values():
            wanted = {name: value for name, value in wanted.items() if value is not None}
        request = Request(
            model=model or self._model,
            messages=_messages(prompt, system),
            settings=wanted,
            api_base=self._api_base if api_base is None else api_base,
            namespace=self._namespace,
            trial=self._trial,
        )
        if not request.model:
            raise UsageError(
                "no model to ask",
                found="neither the call nor the settings name one",
                hint="set llmeval_model in the ini, --llmeval-model=NAME, or LLMEVAL_MODEL",
            )
        if self._redact is not None:
            from pytest_llmeval.calls.redaction import redacted

            # Before they are numbered: two questions that are one without what was taken out are two draws.
            request = redacted(request, self._redact)
        return self._numbered(resolved(request))

    def _numbered(self, request: Request) -> Request:
        """Give equal requests of one trial a number each: asked twice, they are two draws."""
        if self._trial is None:
            return request
        key = cache_key(request)
        with self._lock:
            repeat = self._asked[key]
            self._asked[key] += 1
        return replace(request, repeat=repeat) if repeat else request


def _messages(prompt: str | Sequence[Mapping[str, Json]], system: str | None) -> tuple[Mapping[str, Json], ...]:
    """Copy the messages, because tests grow one list turn by turn and the request must stay what it was."""
    first: tuple[Mapping[str, Json], ...] = () if system is None else ({"role": "system", "content": system},)
    if isinstance(prompt, str):
        return (*first, {"role": "user", "content": prompt})
    if not isinstance(prompt, Sequence) or not all(isinstance(message, Mapping) for message in prompt):
        raise UsageError(
            f"a prompt of type {type(prompt).__name__!r} cannot be asked",
            found="a prompt is text, or a list of messages",
            hint='write llm("...") or llm([{"role": "user", "content": "..."}])',
        )
    return (*first, *(dict(message) for message in prompt if not isinstance(message, str)))

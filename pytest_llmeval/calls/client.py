"""``llm``: what a test calls. One client for each trial."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmeval.calls.coroutines import landed
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.providers import resolved
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json, Request, Response
from pytest_llmeval.records.exchange import FILES, FORM

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from pytest_llmeval.calls.chat import Chat
    from pytest_llmeval.calls.files import Files
    from pytest_llmeval.calls.redaction import Redact

Prompt: TypeAlias = "str | Sequence[Mapping[str, Json]]"
Images: TypeAlias = "str | PathLike[str] | Sequence[str | PathLike[str]]"
Form: TypeAlias = "type | Mapping[str, Json]"
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
        module: the file beside which relative paths of images begin; None: the working folder.
    """

    def __init__(  # noqa: PLR0913 - all of it is what one trial asks with
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
        module: Path | None = None,
    ) -> None:
        self._ask = ask
        self._model = model
        self._api_base = api_base
        self._namespace = namespace
        self._trial = trial
        self._on_response = on_response
        self._settings = settings
        self._redact = redact
        self._module = module
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(
        self,
        prompt: Prompt,
        *,
        system: str | None = None,
        images: Images | None = None,
        response_format: Form | None = None,
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
            images: shown beside a prompt that is text: paths, relative to the test module, or addresses.
            response_format: a pydantic model, or a JSON schema; ``response.parsed`` is the answer in that form.
            model: in place of the client's.
            api_base: in place of the client's.
            settings: sent as they are (``temperature``, ``seed``, ``tools``, ``n``, ``logprobs``, ``stream``); None
                takes a default one back.

        Raises:
            UsageError: no model, or a prompt or setting that cannot be sent.
            CacheMiss: nothing stored, and the mode forbids to ask.
            ProviderError: the provider failed; here where the test is eager, else where the answer is read.
        """
        __tracebackhide__ = True  # pytest: a failing call fails in the user's own line
        response = self._ask(self._request(prompt, system, images, response_format, model, api_base, settings))
        if response_format is not None:
            response.__dict__[FORM] = response_format
        self._on_response(response)
        return response

    async def acall(
        self,
        prompt: Prompt,
        *,
        system: str | None = None,
        images: Images | None = None,
        response_format: Form | None = None,
        model: str | None = None,
        api_base: str | None = None,
        **settings: Json,
    ) -> Response:
        """Ask once and await the answer, in any event loop of asyncio or trio; arguments and errors as of a call."""
        __tracebackhide__ = True
        response = self._ask(self._request(prompt, system, images, response_format, model, api_base, settings))
        if response_format is not None:
            response.__dict__[FORM] = response_format
        self._on_response(response)
        return await landed(response)

    def embed(
        self, texts: str | Sequence[str], *, model: str | None = None, api_base: str | None = None, **settings: Json
    ) -> Response:
        """Return vectors for texts, as ``response.vectors``; equal texts have one recording, whatever the trial.

        Args:
            texts: one, or several.
            model: of embeddings, such as ``openai/text-embedding-3-small``; by default the client's.
            api_base: in place of the client's.
            settings: sent as they are (``dimensions``); the client's own are not.

        Raises:
            UsageError: no model, or no text; the others as of a call.
        """
        __tracebackhide__ = True
        return self._told(self._request_to_embed(texts, model, api_base, settings))

    async def aembed(
        self, texts: str | Sequence[str], *, model: str | None = None, api_base: str | None = None, **settings: Json
    ) -> Response:
        """Await vectors for texts; arguments and errors as of ``embed``."""
        __tracebackhide__ = True
        return await landed(self._told(self._request_to_embed(texts, model, api_base, settings)))

    def chat(
        self,
        *,
        system: str | None = None,
        messages: Sequence[Mapping[str, Json]] = (),
        **options: Any,  # noqa: ANN401 - as of a call
    ) -> Chat:
        """Begin a conversation, which remembers what was said.

        Args:
            system: the system message.
            messages: what was said before.
            options: of every call, as of a call.
        """
        from pytest_llmeval.calls.chat import Chat

        first = () if system is None else ({"role": "system", "content": system},)
        return Chat(self, [*first, *messages], options)

    def _told(self, request: Request) -> Response:
        __tracebackhide__ = True
        response = self._ask(request)
        self._on_response(response)
        return response

    def _request(
        self,
        prompt: Prompt,
        system: str | None,
        images: Images | None,
        response_format: Form | None,
        model: str | None,
        api_base: str | None,
        settings: Mapping[str, Json],
    ) -> Request:
        if response_format is not None:
            from pytest_llmeval.calls.forms import as_setting

            settings = {**settings, "response_format": as_setting(response_format)}
        wanted = {**self._settings, **settings} if settings else self._settings
        if None in wanted.values():
            wanted = {name: value for name, value in wanted.items() if value is not None}
        files: Files | None = None
        if images is not None:
            from pytest_llmeval.calls.files import with_images

            prompt = with_images(prompt, images)
        messages = _messages(prompt, system)
        if not isinstance(prompt, str) and any(isinstance(message.get("content"), list) for message in messages):
            from pytest_llmeval.calls.files import by_reference

            messages, files = by_reference(messages, self._module)
        request = Request(
            model=model or self._model,
            messages=messages,
            settings=wanted,
            api_base=self._api_base if api_base is None else api_base,
            namespace=self._namespace,
            trial=self._trial,
        )
        request = self._completed(request)
        if files:
            request.__dict__[FILES] = files
        return request

    def _request_to_embed(
        self, texts: str | Sequence[str], model: str | None, api_base: str | None, settings: Mapping[str, Json]
    ) -> Request:
        several = [texts] if isinstance(texts, str) else list(texts)
        if not several or not all(isinstance(text, str) and text for text in several):
            raise UsageError(
                "there is nothing to embed",
                found="no text was given" if not several else "a text is empty, or is none",
                hint="give a text that is not empty, or a list of such texts",
            )
        request = Request(
            model=model or self._model,
            messages=tuple({"role": "user", "content": text} for text in several),
            settings={name: value for name, value in settings.items() if value is not None},
            api_base=self._api_base if api_base is None else api_base,
            namespace=self._namespace,
            kind="embeddings",
        )
        return self._completed(request)

    def _completed(self, request: Request) -> Request:
        """Return a request as it is keyed, stored and sent; equal ones of a trial have a number each: two draws."""
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
        request = resolved(request)
        if request.trial is None:
            return request
        key = cache_key(request)
        with self._lock:
            repeat = self._asked[key]
            self._asked[key] += 1
        return replace(request, repeat=repeat) if repeat else request


def _messages(prompt: Prompt, system: str | None) -> tuple[Mapping[str, Json], ...]:
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

"""The litellm provider: every model that is not asked over the direct wire. Sole door to litellm.

Importing litellm takes seconds, so it happens when this provider is made, in a thread of its own while tests run.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.key import FORCES_LITELLM
from pytest_llmeval.calls.providers import IS_OURS, Completion, Fault
from pytest_llmeval.calls.providers.completion import read_completion, read_embeddings
from pytest_llmeval.calls.providers.sent import COUNTED, EMBEDDINGS, asked
from pytest_llmeval.calls.providers.stream import Streamed, cut_off
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmeval.records import Json, Request

# 1.82.7 and 1.82.8 carried malware and stand below the floor too; they are named so that nobody lowers it past them.
_MALICIOUS = {(1, 82, 7), (1, 82, 8)}
_FLOOR = (1, 83, 7)
_CEILING = (2, 0, 0)
_INSTALL = "pip install 'pytest-llmeval[litellm]'"
_STATUS_TIMEOUT = 408


class LiteLLM:
    """Chat completions and embeddings of any provider that litellm knows; keys are litellm's business, by environment.

    Args:
        timeout_s: of a whole call. Each attempt is given this one, and cut off by our own clock: litellm makes a new
            client, with connections of its own, for every timeout that it has not seen.

    Raises:
        UsageError: litellm is missing, or of a version that is not to be imported.
    """

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._litellm = _imported()

    async def complete(self, request: Request, *, authorization: str, timeout_s: float) -> Completion:  # noqa: ARG002
        """Ask once; see ``Provider.complete``."""
        started = time.monotonic()
        IS_OURS.set(True)  # of this attempt's task alone
        try:
            # Its own timeout is one between two bytes; a dripping answer would outlive it.
            async with asyncio.timeout(timeout_s):
                return await self._answer(request, started)
        except TimeoutError:
            raise _too_late(timeout_s) from None
        except (Fault, UsageError):
            raise
        except Exception as error:  # noqa: BLE001  (its errors have no common base; not one of them may pass unmapped)
            raise _fault(error, timeout_s) from None

    async def _answer(self, request: Request, started_s: float) -> Completion:
        arguments = _arguments(request, self._timeout_s)
        if request.kind == EMBEDDINGS:
            reply = await self._litellm.aembedding(**arguments)
            response = read_embeddings(reply.model_dump(), request, time.monotonic() - started_s)
        elif arguments.get("stream"):
            _refuse_several(request)
            reply = await self._litellm.acompletion(**{**COUNTED, **arguments})
            streamed = Streamed(started_s)
            async for chunk in reply:
                streamed.take(chunk.model_dump())
            if arguments["model"].startswith("openai/") and _is_cut_off(reply):
                raise cut_off()
            response = streamed.response(request)
        else:
            reply = await self._litellm.acompletion(**arguments)
            response = read_completion(reply.model_dump(), request, time.monotonic() - started_s)
        return Completion(response, _headers(reply))

    async def close(self) -> None:
        """Close the connections that litellm keeps for this loop."""
        await self._litellm.close_litellm_async_clients()


def check_version() -> None:
    """Look at the installed litellm's metadata, before anything of it is imported.

    Raises:
        UsageError: none is installed, or one that is malicious, too old or unknown.
    """
    try:
        installed = version("litellm")
    except PackageNotFoundError:
        raise UsageError(
            "this model is asked through litellm, which is not installed",
            found="models 'openai/NAME', and any NAME with an api_base, are asked without it",
            hint=_INSTALL,
        ) from None
    release = tuple(int(part) for part in re.findall(r"\d+", installed)[:3])
    if release in _MALICIOUS or not _FLOOR <= release < _CEILING:
        why = "that release was malicious" if release in _MALICIOUS else "supported is >=1.83.7,<2"
        raise UsageError(f"litellm {installed} is refused", found=f"{why}; it was not imported", hint=_INSTALL)


def _imported() -> Any:  # noqa: ANN401  (litellm ships no types)
    """Import litellm so that it neither opens a socket nor prints."""
    check_version()
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise the import fetches a price list
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with _quiet():
        import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm


@contextmanager
def _quiet() -> Iterator[None]:
    """Swallow the warnings of this thread only.

    Under a user's ``filterwarnings = error`` a deprecation in litellm's dependencies would end the import, and else it
    would be reported as one of the test that happens to run. Filters are of no use: they are the running test's own,
    and gone with it.
    """
    here = threading.get_ident()
    is_over = False
    warn, warn_explicit = warnings.warn, warnings.warn_explicit

    def is_quiet() -> bool:
        return not is_over and threading.get_ident() == here

    # A module may keep these for good, by ``from warnings import warn``.
    def quiet_warn(
        message: Warning | str,
        category: type[Warning] | None = None,
        stacklevel: int = 1,
        source: object = None,
        **more: Any,  # noqa: ANN401 - what later versions of Python add
    ) -> None:
        if not is_quiet():
            warn(message, category, stacklevel + 1, source, **more)

    def quiet_warn_explicit(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        if not is_quiet():
            warn_explicit(*args, **kwargs)

    warnings.warn, warnings.warn_explicit = quiet_warn, quiet_warn_explicit
    try:
        yield
    finally:
        is_over = True
        warnings.warn, warnings.warn_explicit = warn, warn_explicit


def _arguments(request: Request, timeout_s: float) -> dict[str, Json]:
    model = request.model.removeprefix(FORCES_LITELLM)
    arguments = {
        **request.settings,
        "model": model,
        **asked(request),
        "timeout": timeout_s,
        # One retry layer, ours: max_retries is the OpenAI client's own, num_retries hides the error without tenacity.
        "num_retries": 0,
        "max_retries": 0,
    }
    if request.api_base:
        arguments["api_base"] = request.api_base.rstrip("/")
        if model.startswith("openai/") and not os.environ.get("OPENAI_API_KEY"):
            arguments["api_key"] = "none"  # OpenAI's client wants one, even where the endpoint does not
    return arguments


def _refuse_several(request: Request) -> None:
    """Stop a stream of several answers: litellm ends it with the first of them, and would lose the others unseen."""
    if request.settings.get("n", 1) != 1:
        raise UsageError(
            f"litellm does not stream several answers (model {request.model!r})",
            found=f"stream={request.settings['stream']!r} and n={request.settings['n']!r}",
            hint="drop one of the two, or ask the endpoint directly: openai/NAME, with an api_base",
        )


def _is_cut_off(stream: Any) -> bool:  # noqa: ANN401 - litellm ships no types
    """Whether OpenAI's interface never said why its stream ended; before 1.110 litellm says "stop" in its place."""
    return all(getattr(stream, name, "") is None for name in ("received_finish_reason", "intermittent_finish_reason"))


def _too_late(timeout_s: float) -> Fault:
    return Fault(f"no whole reply within {timeout_s:.0f} s", status=_STATUS_TIMEOUT, is_final=True)


def _fault(error: Exception, timeout_s: float) -> Fault:
    """Map litellm's errors, which carry a status as OpenAI's do; without one it is the connection's."""
    status = getattr(error, "status_code", None)
    kind = type(error).__name__
    if kind == "Timeout" or status == _STATUS_TIMEOUT:
        return _too_late(timeout_s)
    reply = getattr(error, "response", None)
    is_status = isinstance(status, int) and kind != "APIConnectionError"
    # The headers of ``response`` are litellm's own, and empty.
    headers = getattr(error, "litellm_response_headers", None) or getattr(reply, "headers", None)
    return Fault(
        f"HTTP {status} ({kind})" if is_status else f"no reply ({kind})",
        found=f"it said: {excerpt(str(error))}",
        status=status if is_status else None,
        headers=headers if isinstance(headers, Mapping) else {},
        is_final="insufficient_quota" in str(error),
    )


def _headers(completion: Any) -> Mapping[str, str]:  # noqa: ANN401 - litellm ships no types
    """The provider's headers, in lower case and under its own names; litellm puts a prefix before them."""
    hidden = getattr(completion, "_hidden_params", None)
    headers = hidden.get("additional_headers") if isinstance(hidden, Mapping) else None
    if not isinstance(headers, Mapping):
        return {}
    return {name.removeprefix("llm_provider-"): str(value) for name, value in headers.items()}

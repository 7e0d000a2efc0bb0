"""The litellm provider: every model that is not asked over the direct wire. Sole door to litellm.

Importing litellm takes seconds, so it happens when this provider is made: at the first live call that needs it.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.key import FORCES_LITELLM
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.calls.providers.completion import read_completion
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmeval.records import Json, Request, Response

# 1.82.7 and 1.82.8 carried malware and stand below the floor too; they are named so that nobody lowers it past them.
_MALICIOUS = {(1, 82, 7), (1, 82, 8)}
_FLOOR = (1, 83, 7)
_CEILING = (2, 0, 0)
_INSTALL = "pip install 'pytest-llmeval[litellm]'"
_STATUS_TIMEOUT = 408


class LiteLLM:
    """Chat completions of any provider that litellm knows; keys are litellm's business, by environment.

    Raises:
        UsageError: litellm is missing, or of a version that is not to be imported.
    """

    def __init__(self) -> None:
        self._litellm = _imported()

    async def complete(self, request: Request, *, timeout_s: float) -> Response:
        """Ask once; see ``Provider.complete``."""
        started = time.monotonic()
        try:
            # Its own timeout is one between two bytes; a dripping answer would outlive it.
            async with asyncio.timeout(timeout_s):
                completion = await self._litellm.acompletion(**_arguments(request, timeout_s))
        except TimeoutError:
            raise _too_late(timeout_s) from None
        except Exception as error:  # noqa: BLE001  (its errors have no common base; not one of them may pass unmapped)
            raise _fault(error, timeout_s) from None
        return read_completion(completion.model_dump(), request, time.monotonic() - started)

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
    # Under a user's ``filterwarnings = error`` a deprecation in litellm's dependencies would end the import. Only our
    # own filter goes again: litellm sets some while it is imported, and counts on them.
    warnings.simplefilter("ignore")
    ours = warnings.filters[0]
    try:
        import litellm
    finally:
        warnings.filters.remove(ours)  # type: ignore[attr-defined] # typeshed calls the list a Sequence

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm


def _arguments(request: Request, timeout_s: float) -> dict[str, Json]:
    model = request.model.removeprefix(FORCES_LITELLM)
    arguments = {
        **request.settings,
        "model": model,
        "messages": [dict(message) for message in request.messages],
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
    return Fault(
        f"HTTP {status} ({kind})" if is_status else f"no reply ({kind})",
        found=f"it said: {excerpt(str(error))}",
        status=status if is_status else None,
        retry_after=str(getattr(reply, "headers", {}).get("retry-after", "")),
        is_final="insufficient_quota" in str(error),
    )

"""Providers as they come to be: each at its first request, in a thread of its own, since imports take seconds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_llmeval.calls.guard import said
from pytest_llmeval.calls.providers import is_direct
from pytest_llmeval.calls.providers.authorization import authorization
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmeval.calls.providers import Provider
    from pytest_llmeval.records import Request


class Providers:
    """The providers of one loop; ``check`` and ``prepare`` from any thread, the rest on the loop's.

    Args:
        concurrency: most connections at a time.
        timeout_s: of a request, all attempts together.
        on_made: told, in the thread that made it, that a provider is there or could not be made.
    """

    def __init__(self, *, concurrency: int, timeout_s: float, on_made: Callable[[], None]) -> None:
        self._concurrency = concurrency
        self._timeout_s = timeout_s
        self._on_made = on_made
        self._begun: set[bool] = set()
        self._made: dict[bool, Provider | UsageError] = {}
        self._is_litellm_known = False
        self._lock = threading.Lock()

    def check(self, request: Request) -> str:
        """Tell at once what can be told without an import.

        Returns:
            what goes with the request as its authorization; empty where the provider sees to it.

        Raises:
            UsageError: no key, or litellm is missing or refused.
        """
        if is_direct(request):
            return authorization(request)
        if not self._is_litellm_known:
            from pytest_llmeval.calls.providers.litellm import check_version

            check_version()
            self._is_litellm_known = True
        return ""

    def prepare(self, request: Request) -> None:
        """Begin to make what answers this request, unless that was begun."""
        is_over_wire = is_direct(request)
        if is_over_wire in self._begun:
            return
        with self._lock:
            if is_over_wire in self._begun:
                return
            self._begun.add(is_over_wire)
        # Not asyncio.to_thread: the interpreter waits for such threads at its end, and Ctrl-C would wait for litellm.
        threading.Thread(target=self._make, args=(is_over_wire,), name="llmeval-import", daemon=True).start()

    def find(self, request: Request) -> Provider | UsageError | None:
        """Return what answers this request, or why it cannot be made; None where it is still being made."""
        return self._made.get(is_direct(request))

    async def close(self) -> None:
        """Close all that were made."""
        for provider in self._made.values():
            if not isinstance(provider, UsageError):
                await provider.close()

    def _make(self, is_over_wire: bool) -> None:  # noqa: FBT001 - a thread's argument
        try:
            self._made[is_over_wire] = self._direct() if is_over_wire else self._litellm()
        except UsageError as error:
            self._made[is_over_wire] = error
        except BaseException as error:  # noqa: BLE001 - whatever a foreign import raises, the calls must hear of it
            name = "aiohttp" if is_over_wire else "litellm"
            self._made[is_over_wire] = UsageError(
                f"{name} cannot be imported", found=said(error), hint=f"see: python -c 'import {name}'"
            )
        self._on_made()

    def _direct(self) -> Provider:
        from pytest_llmeval.calls.providers.direct import Direct

        return Direct(concurrency=self._concurrency)

    def _litellm(self) -> Provider:
        from pytest_llmeval.calls.providers.litellm import LiteLLM

        return LiteLLM(timeout_s=self._timeout_s)

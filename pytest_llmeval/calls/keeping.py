"""Answers that were paid for are stored, or wait until they can be; as long as one waits, nothing more is bought.

A disk that is full in mid-run costs the calls that were in flight, not all that were still to come (FAULTS 9).
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from pytest_llmeval.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmeval.calls.cache import Cache
    from pytest_llmeval.records import Response


class Keeping:
    """Stores the answers of one process, from any thread.

    Args:
        prove: raises a StoreError where the run could store nothing; asked once, before the first call.
        on_unstored: told of each answer that could not be stored, with the reason, and again with None where it was
            stored after all; without it such an answer is an error.
    """

    def __init__(
        self,
        prove: Callable[[], None] | None = None,
        on_unstored: Callable[[Response, StoreError | None], None] | None = None,
    ) -> None:
        self._prove = prove
        self._on_unstored = on_unstored
        self._waiting: deque[tuple[Response, Cache]] = deque()
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Make sure that the answer to a call can be stored, before it is sent.

        Raises:
            StoreError: the run has no place for its results, or an answer before this one waits for room.
        """
        if self._prove is None and not self._waiting:
            return
        with self._lock:
            if self._prove is not None:
                self._prove()
                self._prove = None
            while self._waiting:
                self._settle(*self._waiting[0])
                self._waiting.popleft()

    def keep(self, response: Response, cache: Cache) -> None:
        """Store an answer; where it cannot be, hand it over all the same, and keep it for the next try.

        Raises:
            StoreError: it could not be stored, and nobody listens.
        """
        try:
            cache.put(response)
        except StoreError as error:
            if self._on_unstored is None:
                raise
            with self._lock:
                self._waiting.append((response, cache))
            self._on_unstored(response, error)

    def _settle(self, response: Response, cache: Cache) -> None:
        try:
            cache.put(response)
        except StoreError as error:
            raise StoreError(
                "the request was not sent: an answer before it could not be stored",
                found=" ".join(str(error).split()),
                hint="make room, and run again: what was stored is not asked twice",
            ) from None
        if self._on_unstored is not None:
            self._on_unstored(response, None)

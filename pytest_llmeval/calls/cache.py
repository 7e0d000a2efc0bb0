"""The contracts of a cache and of claims, the modes, and several caches as one; ``store`` has the implementations."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from pytest_llmeval.calls.key import nearest
from pytest_llmeval.errors import StoreError

if TYPE_CHECKING:
    from pytest_llmeval.records import Request, Response


class Mode(StrEnum):
    """What ``--llmeval-cache`` may be.

    auto: stored answers are replayed, the rest is asked and stored.
    replay: stored answers are replayed; nothing is ever asked.
    refresh: everything is asked and stored, in place of what was stored before.
    live: everything is asked; the cache is neither read nor written.
    """

    AUTO = "auto"
    REPLAY = "replay"
    REFRESH = "refresh"
    LIVE = "live"


class Cache(Protocol):
    """Stored responses by cache key. Safe to share between threads and processes."""

    def get(self, key: str, request: Request) -> Response | None:
        """Return the stored response with provenance *replayed*, or None.

        Args:
            key: the cache key of the request.
            request: what is asked; the response holds this very object, not a copy of the stored one, since equal keys
                mean equal requests in all that counts.

        Raises:
            StoreError: what is stored cannot be read.
        """

    def put(self, response: Response) -> None:
        """Store a response under its key; when this returns, the death of the process does not lose it.

        Raises:
            StoreError: it could not be stored.
        """

    def nearest(self, request: Request) -> Request | None:
        """Return the stored request that differs least from this one, to explain a miss."""

    def describe(self) -> str:
        """Say where this cache looks, such as ``tests/recordings/test_refund.jsonl (214 responses)``."""


class Claims(Protocol):
    """Who sends a request, over all processes that share a cache: one asks, the others wait for what it stores.

    Among the threads of one process it decides nothing: the process that has a claim gets it again.
    """

    def take(self, key: str) -> bool:
        """Claim a key without waiting: True if this process now has the sole right to ask, False if another has it.

        A claim ends when it is given back, or when its process ends, however it ends.

        Raises:
            StoreError: claims cannot be made.
        """

    def give_back(self, key: str) -> None:
        """End a claim, after the answer was stored or the asking failed."""


class Layered:
    """Several caches as one: the first that has an answer gives it, each is given every new one.

    Args:
        layers: the most trusted first: recordings, then the working cache.
        fills: copy an answer that only a later layer has into the layers before it, with its origin as it is, so that
            the recordings in git become complete without buying an answer twice. Not in replay, which writes nothing.
    """

    def __init__(self, *layers: Cache, fills: bool = False) -> None:
        self._layers = layers
        self._fills = fills

    def get(self, key: str, request: Request) -> Response | None:
        """Return the first layer's answer that there is."""
        for depth, layer in enumerate(self._layers):
            found = layer.get(key, request)
            if found is not None:
                for before in self._layers[:depth] if self._fills else ():
                    before.put(found)
                return found
        return None

    def put(self, response: Response) -> None:
        """Store in every layer, whatever becomes of another; the working cache first.

        Raises:
            StoreError: of the first layer that could not store it.
        """
        failed: StoreError | None = None
        for layer in reversed(self._layers):
            try:
                layer.put(response)
            except StoreError as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def nearest(self, request: Request) -> Request | None:
        """Return the nearest of all layers; the first layer's, where two are as near."""
        found = (layer.nearest(request) for layer in self._layers)
        return nearest(request, [other for other in found if other is not None])

    def describe(self) -> str:
        """Name all layers; the recordings last, because their count ends the sentence."""
        return " and ".join(layer.describe() for layer in reversed(self._layers))

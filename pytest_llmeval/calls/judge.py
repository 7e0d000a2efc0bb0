"""What a metric asks its judge with: a client of one model, or of a panel of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_llmeval.calls.client import Client
from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pytest_llmeval.calls.redaction import Redact
    from pytest_llmeval.records import Json, Request, Response


class Judge(Client):
    """A client whose equal requests share one answer. Called, it asks the first of its models.

    Args:
        ask: as of a client.
        models: at least one.
        api_base: as of a client.
        namespace: as of a client.
        on_response: as of a client.
        settings: what the user wants sent to judges; wins over what a rubric asks for.
        redact: as of a client.

    Attributes:
        models: who grades.
        settings: see above.
        asked: the models that it has asked, once ``noted`` was called.
    """

    asked: AbstractSet[str] = frozenset()

    def __init__(
        self,
        *,
        ask: Callable[[Request], Response],
        models: Sequence[str],
        api_base: str,
        namespace: str,
        on_response: Callable[[Response], None],
        settings: Mapping[str, Json],
        redact: Redact | None,
    ) -> None:
        super().__init__(
            ask=ask,
            model=models[0],
            api_base=api_base,
            namespace=namespace,
            trial=None,
            on_response=on_response,
            settings=settings,
            redact=redact,
        )
        self.models = tuple(models)
        self.settings = settings

    def noted(self) -> Judge:
        """Let it remember whom it asks, and return it: for a metric whose version does not name its judge."""
        told, asked = self._on_response, set[str]()

        def on_response(response: Response) -> None:
            asked.add(response.request.model)
            told(response)

        self.asked, self._on_response = asked, on_response
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Whom it has asked, sorted: each model, with a digest of what the user wants sent to judges.

        What a metric says to them is its own code, and its version's business.
        """
        if not self.asked:
            return ()
        return _named(tuple(sorted(self.asked)), f" {digest(dict(self.settings))[:12]}" if self.settings else "")


@lru_cache(maxsize=64)  # the same ones in test after test, each of which keeps them
def _named(models: tuple[str, ...], mark: str) -> tuple[str, ...]:
    return tuple(f"{model}{mark}" for model in models)

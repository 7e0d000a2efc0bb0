"""What stands behind the ``llm`` fixture in one process: the engine, the working cache, each module's recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmeval.calls.cache import Cache, Layered, Mode
from pytest_llmeval.calls.client import Client
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.options import Settings


class Backend:
    """Engine and caches of one process.

    Args:
        settings: what this run was asked to do.
        started_s: when the session began, in the controller; seconds since the epoch.
        notify: told in a sentence what the user must know: what is written into git, what was set aside.
    """

    def __init__(self, settings: Settings, *, started_s: float, notify: Callable[[str], None]) -> None:
        self._settings = settings
        self._notify = notify
        self._mode = Mode(settings.cache)
        may_set_aside = self._mode is not Mode.REPLAY
        self._working = SqliteCache(settings.working_cache, on_set_aside=notify if may_set_aside else None)
        began = datetime.fromtimestamp(started_s, tz=UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self._engine = Engine(self._working, self._mode, refreshed_since=began)
        self._by_module: dict[Path, Cache] = {}

    def client(self, item: pytest.Item, recorder: Recorder, said: Mapping[str, Any]) -> Client:
        """Return what the running trial of a test asks with.

        Args:
            item: the test.
            recorder: told of every response.
            said: the marker's arguments; ``model`` and ``api_base`` win over the settings.
        """
        return Client(
            ask=partial(self._engine.ask, where=item.nodeid, cache=self._cache_of(item.path)),
            model=said.get("model", self._settings.model),
            api_base=said.get("api_base", self._settings.api_base),
            trial=recorder.trial,
            on_response=recorder.add_call,
        )

    def _cache_of(self, module: Path) -> Cache:
        """Return the recordings of a test module, and the working cache behind them."""
        if not self._settings.recordings:
            return self._working
        if module not in self._by_module:
            path = module.parent / self._settings.recordings / f"{module.stem}.jsonl"
            recordings = Recordings(path, on_first_write=self._notify)
            self._by_module[module] = Layered(recordings, self._working, fills=self._mode is Mode.AUTO)
        return self._by_module[module]

    def check(self) -> None:
        """Look whether the working cache can be read.

        Raises:
            StoreError: it cannot, and the mode forbids to set it aside.
        """
        self._working.check()

    def close(self) -> None:
        """Stop the engine and close the cache."""
        self._engine.close()
        self._working.close()

"""What stands behind the ``llm`` fixture in one process: the engine, the working cache, each module's recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.calls.cache import Cache, Layered, Mode
from pytest_llmeval.calls.client import Client
from pytest_llmeval.calls.coroutines import bounded
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.errors import CacheMiss, UsageError
from pytest_llmeval.plugin.items import variant_of
from pytest_llmeval.records import Variant
from pytest_llmeval.store.claims import Claims
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from concurrent.futures import Future

    import pytest

    from pytest_llmeval.calls.judge import Judge
    from pytest_llmeval.calls.limits import Rate
    from pytest_llmeval.calls.redaction import Redact
    from pytest_llmeval.errors import StoreError
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.intercept.interception import Interception
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.plugin.intercepting import CallScope
    from pytest_llmeval.records import Request, Response
    from pytest_llmeval.store.postgres.address import Address
    from pytest_llmeval.store.postgres.claims import PostgresClaims
    from pytest_llmeval.store.postgres.shared import SharedCache

T = TypeVar("T")
_NO_VARIANT = Variant()

# A metric may ask its judge several times, and each call may wait for its turn.
_METRIC_TIMEOUTS = 10


class Backend:
    """Engine and caches of one process.

    Args:
        settings: what this run was asked to do.
        started_s: when the session began, in the controller; seconds since the epoch.
        n_processes: how many share the providers' limits.
        notify: told in a sentence what the user must know: what is written into git, what was set aside.
    """

    def __init__(
        self, settings: Settings, *, started_s: float, n_processes: int, notify: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._notify = notify
        self._mode = Mode(settings.cache)
        may_set_aside = self._mode is not Mode.REPLAY
        self._working: SqliteCache | SharedCache
        local = Claims(settings.folder / "claims")
        claims: Claims | PostgresClaims = local
        if settings.database is None:
            self._working = SqliteCache(
                settings.working_cache, on_set_aside=notify if may_set_aside else None, on_damage=self._note_damage
            )
        else:
            self._working, claims = self._shared(settings.database, local)
        began = datetime.fromtimestamp(started_s, tz=UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self._engine = Engine(
            self._working,
            self._mode,
            concurrency=settings.concurrency,
            timeout_s=settings.timeout_s,
            rates=_shared(settings.rate_limits, n_processes),
            claims=claims,
            refreshed_since=began,
            prove_room=self._prove_room,
            on_unstored=self._note_unstored,
            **_money(settings),
        )
        self._by_module: dict[Path, Cache] = {}

    def _shared(self, database: Address, local: Claims) -> tuple[SharedCache, PostgresClaims]:
        """Return the store of a team, with what this machine keeps where that is away."""
        from pytest_llmeval.store.postgres.claims import PostgresClaims
        from pytest_llmeval.store.postgres.shared import SharedCache

        asks = self._mode is not Mode.REPLAY
        folder, notify = self._settings.folder, self._notify
        cache = SharedCache(database, folder, notify=notify, on_damage=self._note_damage, asks=asks)
        return cache, PostgresClaims(database, local)

    def client(self, item: pytest.Item, recorder: Recorder, said: Mapping[str, Any]) -> Client:
        """Return what the running trial of a test asks with.

        Args:
            item: the test.
            recorder: told of every response.
            said: the marker's arguments; ``model`` and ``api_base`` win over the settings, and the item's variant over
                both.
        """
        variant, redact = variant_of(item) or _NO_VARIANT, _redact_of(item)
        return Client(
            ask=self._asking(item, recorder, redact),
            model=variant.model or said.get("model", self._settings.model),
            api_base=variant.api_base or said.get("api_base", self._settings.api_base),
            namespace=self._settings.namespace,
            settings=variant.settings,
            trial=self._settings.first_trial + recorder.trial,
            on_response=recorder.add_call,
            redact=redact,
            module=item.path,
        )

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run an async metric between the calls, on their thread."""
        return self._engine.spawn(bounded(coroutine, _METRIC_TIMEOUTS * self._settings.timeout_s))

    def judge(self, item: pytest.Item, recorder: Recorder) -> Judge:
        """Return what a metric of the running trial asks its judge with.

        Raises:
            UsageError: the settings name no judge.
        """
        if not self._settings.judges:
            raise UsageError(
                "no judge to ask",
                found="a metric of this test asks for one, and the settings name none",
                hint="set llmeval_judge in the ini, --llmeval-judge=NAME, or LLMEVAL_JUDGE",
            )
        # Never waiting: an async metric goes on between the calls, on their own thread.
        redact = _redact_of(item)
        begin = partial(self._engine.begin, where=item.nodeid, cache=self._cache_of(item.path), redact=redact)
        from pytest_llmeval.calls.judge import Judge

        return Judge(
            ask=_noting_misses(begin, recorder),
            models=self._settings.judges,
            api_base=self._settings.judge_api_base,
            namespace=self._settings.namespace,
            on_response=recorder.judge_calls.append,
            settings=dict(self._settings.judge_settings),
            redact=redact,
        )

    def interception(self, scope: CallScope) -> Interception:
        """Return what the calls go through that an application makes itself."""
        from pytest_llmeval.intercept.interception import Interception, Where

        trial = None if scope.trial is None else self._settings.first_trial + scope.trial
        return Interception(
            self._engine,
            Where(scope.nodeid, self._cache_of(scope.path), trial, self._settings.namespace),
            on_response=scope.note,
            on_error=scope.note_error,
        )

    def _asking(self, item: pytest.Item, recorder: Recorder, redact: Redact | None) -> Callable[[Request], Response]:
        """Return what answers a test's requests: at once what is stored, the rest while it is on its way.

        An eager test waits where it asks; so does a fixture's end, since its test is judged by then.
        """
        where, cache, engine = item.nodeid, self._cache_of(item.path), self._engine

        def ask(request: Request) -> Response:
            __tracebackhide__ = True
            answer = engine.begin if recorder.is_open and not recorder.is_eager else engine.ask
            return answer(request, where=where, cache=cache, redact=redact)

        return _noting_misses(ask, recorder)

    @property
    def n_in_flight(self) -> int:
        """How many calls are with their providers."""
        return self._engine.n_in_flight

    def cancel(self) -> int:
        """Give up all calls; return how many were queued or in flight."""
        return self._engine.cancel()

    def prepare(self, places: Sequence[str]) -> None:
        """Begin to import litellm, if calls through it are to be expected, while pytest collects the tests.

        Args:
            places: what pytest was told to collect; recordings there, or a folder further down, may answer everything.
        """
        name = self._settings.recordings
        if self._mode is Mode.AUTO and name:
            named = [Path(place.partition("::")[0]) for place in places]
            folders = {self._settings.root, *(path if path.is_dir() else path.parent for path in named)}
            if any(next(folder.glob(depth + name), None) for folder in folders for depth in ("", "*/")):
                return
        for model, api_base in (
            (self._settings.model, self._settings.api_base),
            *((judge, self._settings.judge_api_base) for judge in self._settings.judges),
            *((variant.model, variant.api_base or self._settings.api_base) for variant in self._settings.variants),
        ):
            if model:
                self._engine.prepare(model, api_base)

    def _cache_of(self, module: Path) -> Cache:
        """Return the recordings of a test module, and the working cache behind them."""
        if not self._settings.recordings:
            return self._working
        if module not in self._by_module:
            path = module.parent / self._settings.recordings / f"{module.stem}.jsonl"
            recordings = Recordings(path, on_first_write=self._notify, on_damage=self._note_damage)
            self._by_module[module] = Layered(recordings, self._working, fills=self._mode is Mode.AUTO)
        return self._by_module[module]

    def _note_damage(self, place: str) -> None:
        from pytest_llmeval.plugin.notices import DAMAGED

        self._notify(DAMAGED + place)

    def _note_unstored(self, response: Response, error: StoreError | None) -> None:
        from pytest_llmeval.plugin import notices

        self._notify(notices.unstored(response.key, error))

    def _prove_room(self) -> None:
        from pytest_llmeval.store import room

        room.prove(self._settings.folder)

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


def _money(settings: Settings) -> dict[str, Any]:
    """Return what the engine is told of prices and budget; nothing where there is neither."""
    if not (settings.prices or settings.purse):
        return {}
    from pytest_llmeval.calls.prices import Prices

    prices = Prices(settings.prices)
    if not settings.purse:
        return {"prices": prices}
    from pytest_llmeval.plugin import spending

    return {"prices": prices, "budget": spending.budget_of(settings, prices)}


def _redact_of(item: pytest.Item) -> Redact | None:
    """Return what redacts an item's requests and answers; in nearly every suite nobody does."""
    if not item.config.hook.pytest_llmeval_redact.get_hookimpls():
        return None
    from pytest_llmeval.plugin.redaction import redact_of

    return redact_of(item)


def _noting_misses(ask: Callable[[Request], Response], recorder: Recorder) -> Callable[[Request], Response]:
    """Let the case remember that it asked for what is not recorded, whoever catches the error."""

    def noting(request: Request) -> Response:
        __tracebackhide__ = True
        try:
            return ask(request)
        except CacheMiss:
            recorder.add_miss(request)
            raise

    return noting


def _shared(limits: Mapping[str, tuple[float | None, float | None]], n_processes: int) -> Mapping[str, Rate]:
    """Give each of the processes its part of every provider's limits."""
    if not limits:
        return {}
    from pytest_llmeval.calls.limits import Rate

    return {
        provider: Rate(
            requests_per_minute=requests and requests / n_processes, tokens_per_minute=tokens and tokens / n_processes
        )
        for provider, (requests, tokens) in limits.items()
    }

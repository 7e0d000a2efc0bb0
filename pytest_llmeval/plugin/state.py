"""What the plugin keeps in one process, on ``config.stash``; only which test runs now stands in ``gather.current``."""

from __future__ import annotations

import gc
import os
import threading
import time
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.plugin.fixtures import has_marker, is_llm_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.ending.base import Base
    from pytest_llmeval.errors import UsageError
    from pytest_llmeval.gather.collector import Collector
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.plugin.backend import Backend
    from pytest_llmeval.plugin.display import Display
    from pytest_llmeval.plugin.flight import Flight
    from pytest_llmeval.plugin.ledger import Ledger
    from pytest_llmeval.plugin.sharding import Sharding
    from pytest_llmeval.plugin.trials import Trials
    from pytest_llmeval.records import Baseline, CaseResult, PlannedCase, Session

RECORDER = pytest.StashKey["Recorder"]()
_UNSCORED = {"is_unscored": True}


class State:
    """One process's share of the session: settings, collector, engine, baseline; each made when first needed.

    Args:
        config: pytest's, which knows what this run was asked to do.
        is_worker: whether this process is a worker of xdist; only the controller gathers, decides and writes.
        started_s: when the session began, in the controller; seconds since the epoch.
        n_processes: how many run tests.
    """

    def __init__(self, config: pytest.Config, *, is_worker: bool, started_s: float, n_processes: int) -> None:
        self._config = config
        self.is_worker = is_worker
        self.started_s = started_s
        self.n_processes = n_processes
        self.is_started = False
        self.faults: dict[str, UsageError] = {}
        self.planned: dict[str, PlannedCase] = {}
        self.n_deselected = 0
        # The commit that a branch is compared with; why there is none, where a fork needs one.
        self.base: Base | None = None
        self.base_fault = ""
        self.is_fork = False
        self.session: Session | None = None
        self.closing_lines: list[str] = []
        # Notices of every process, each once, in the order in which they came.
        self.heard: dict[str, None] = {}
        # Tests that had run when the session stopped, and whose checks nobody waited for.
        self.dropped: list[str] = []
        self.flight: Flight | None = None
        self.ledger: Ledger | None = None
        self.display: Display | None = None
        self.sharding: Sharding | None = None
        # Whether a test has its application's own calls recorded.
        self.intercepts = self.settings.intercept
        self._is_frozen = False
        self._lock = threading.Lock()
        self._plan_text = ""
        self._notices: list[str] = []
        self._at_home: dict[str, CaseResult] = {}

    @cached_property
    def settings(self) -> Settings:
        """What this run was asked to do.

        Raises:
            pytest.UsageError: an option has a value that is not allowed.
        """
        from pytest_llmeval.options.settings import resolve

        return resolve(self._config)

    @cached_property
    def collector(self) -> Collector:
        """Gathers the reports; in the controller only."""
        from pytest_llmeval.calls import guard
        from pytest_llmeval.gather.collector import Collector

        if not any(map(guard.is_secret, os.environ)):
            return Collector()
        from pytest_llmeval.calls.leaks import blanked, key_values

        return Collector(partial(blanked, values=key_values()))

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to decide: no LLM test was seen, and nobody asked for a verdict."""
        return "collector" not in self.__dict__ and not self.is_asked

    @property
    def is_asked(self) -> bool:
        """Whether gate, floor or baseline was asked for, so that a run without LLM tests must say that it has none.

        A shard says so too: the merge wants to hear of every one.
        """
        settings = self.settings
        is_judged = settings.gate != "off" or bool(settings.fail_under) or bool(settings.baseline_update)
        return is_judged or settings.shard is not None

    def collect(self, report: pytest.TestReport) -> None:
        """Take what rides on a report; an empty result says that its test has begun."""
        if self.ledger is not None:
            self.ledger.note(report)
        cargo = cargo_of(report)
        self.heard.update(dict.fromkeys(cargo.get("notices", "").splitlines()))
        if cargo.get("plan"):
            self.collector.add_plan_text(cargo["plan"])
        if cargo.get("result"):
            result = self.collector.add_result(cargo["result"], self._at_home.pop(report.nodeid, None))
            if self.display is not None:
                self.display.note(result)
        elif "result" in cargo:
            self.collector.add_start(report.nodeid)
        # What has arrived need not stay on the report, which the terminal keeps to the end.
        if cargo.get("is_unscored"):
            report.__dict__["llmeval"] = _UNSCORED
        else:
            del report.__dict__["llmeval"]

    def keep_at_home(self, result: CaseResult) -> None:
        """Keep a result whose report does not leave this process, so that it need not be read from its text again."""
        if not self.is_worker:
            self._at_home[result.nodeid] = result

    @property
    def today(self) -> str:
        """The day on which the session began, in UTC, as an ISO date."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.started_s))

    def read_stores(self) -> None:
        """Read the baseline, where it is asked for, and look at the working cache, where there is one.

        Raises:
            pytest.UsageError: one of them is malformed; the message names file and kind.
        """
        has_cache, is_adaptive = self.settings.has_store, self.settings.trials == "auto"
        if not (self.is_asked or is_adaptive or has_cache):
            return
        from pytest_llmeval.errors import LlmevalError

        try:
            if self.settings.gate != "off" or self.settings.baseline_update or is_adaptive:
                _ = self.baseline
            if has_cache:
                self.backend.check()
        except LlmevalError as error:
            raise pytest.UsageError(f"llmeval: {error}") from None

    @cached_property
    def backend(self) -> Backend:
        """Engine and caches of this process."""
        from pytest_llmeval.plugin.backend import Backend

        return Backend(
            self.settings, started_s=self.started_s, n_processes=self.n_processes, notify=self._notices.append
        )

    def prepare(self, places: Sequence[str]) -> None:
        """Begin what takes seconds, if calls are to be expected of this process; ``places`` is what is collected."""
        settings = self.settings
        may_call = settings.cache in ("refresh", "live") or (settings.cache == "auto" and not settings.has_store)
        # The engine knows whom litellm must ask; what never needs it must not import the engine to hear so.
        names = {settings.model, *settings.judges, *(variant.model for variant in settings.variants)} - {""}
        if may_call and not all(name.startswith("openai/") for name in names):
            self.backend.prepare(places)

    def in_flight(self) -> str:
        """Say how much is on its way: the calls of this process, or the tests of the workers."""
        if self.ledger is not None:
            return f"{self.ledger.n_open} tests in flight"
        return f"{self.backend.n_in_flight if 'backend' in self.__dict__ else 0} calls in flight"

    def drop(self, nodeids: Sequence[str]) -> None:
        """Give up all calls, for the session stops; these tests had run and are not reported."""
        self.dropped += nodeids
        if "backend" in self.__dict__:
            self.backend.cancel()

    def notify(self, sentence: str) -> None:
        """Tell the user something once."""
        self._notices.append(sentence)

    def freeze(self) -> None:
        """Let the garbage collector pass over what stands to the end: modules, plug-ins, every collected test.

        It would walk through all of it several times in a run, twice more at pytest's end: a tenth of a replayed one.
        """
        gc.freeze()
        self._is_frozen = True

    def thaw(self) -> None:
        """Leave the collector as it was, for whoever runs pytest several times in one process."""
        if self._is_frozen:
            gc.unfreeze()

    def close(self) -> None:
        """Stop the engine, if this process ever had one."""
        if "backend" in self.__dict__:
            self.backend.close()

    @cached_property
    def baseline(self) -> Baseline:
        """What the session is compared with, as it was when it was first read."""
        from pytest_llmeval.ending.grounds import baseline_of

        return baseline_of(self)

    def recorder_of(self, item: pytest.Item) -> Recorder:
        """Return the item's recorder; made when the item first needs it, which may be in several threads at once."""
        recorder = item.stash.get(RECORDER, None)
        if recorder is not None:
            return recorder
        with self._lock:
            recorder = item.stash.get(RECORDER, None)
            if recorder is None:
                from pytest_llmeval.plugin import items

                recorder = item.stash[RECORDER] = items.new_recorder(item, self.planned.get(item.nodeid), self)
        return recorder

    def plan(self, collected: Sequence[pytest.Item]) -> None:
        """Note the LLM tests among the collected items, and how many trials each is to have."""
        has_marker.cache_clear()
        declared = [item for item in collected if is_llm_test(item)]
        if not declared:
            return
        from pytest_llmeval.gather import wire
        from pytest_llmeval.plugin.planned import plan_of

        plan = plan_of(declared, self) if self.sharding is None else self.sharding.plan
        if self.is_worker:
            self._plan_text = wire.encode_plan(plan)
        else:
            self.collector.add_plan(plan)

    @cached_property
    def trials(self) -> Trials:
        """How many trials each case has, where that is left to the gate."""
        from pytest_llmeval.plugin.trials import Trials

        return Trials(self)

    def is_adaptive(self, nodeid: str) -> bool:
        """Whether a case may be drawn again, so that it is not judged before that is decided."""
        return "trials" in self.__dict__ and nodeid in self.trials.adaptive

    @property
    def needs_flight(self) -> bool:
        """Whether a test may wait for its calls, or may have several trials; a single replayed run is pytest's own."""
        may_wait = bool(self.planned) and self.settings.cache != "replay"
        return may_wait or any(one.n_trials > 1 or self.is_adaptive(nodeid) for nodeid, one in self.planned.items())

    def take_plan(self) -> str:
        """Return the plan as JSON the first time, an empty text from then on: one report a process carries it."""
        text, self._plan_text = self._plan_text, ""
        return text

    def take_notices(self) -> str:
        """Return what the user must be told once, a sentence a line, and forget it: it rides on a report as well."""
        said = self._notices[:]
        del self._notices[: len(said)]  # the loop's thread may have added one meanwhile
        return "\n".join(said)


STATE = pytest.StashKey[State]()


def cargo_of(report: pytest.TestReport) -> dict[str, Any]:
    """Return what rides on a report: JSON texts and flags by name, all of them types that execnet takes."""
    cargo: dict[str, Any] = report.__dict__.setdefault("llmeval", {})
    return cargo

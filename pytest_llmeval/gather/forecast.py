"""From what earlier sessions asked to what a run would ask now: which calls are replayed, which are live, at what cost.

A trial is taken to ask what it asked when it last ran, with the model that would be asked now. Whether the prompt was
edited since then cannot be seen without running the test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.prices import LISTED, Prices
from pytest_llmeval.calls.providers import resolved
from pytest_llmeval.records.forecast import Forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmeval.records import CaseResult, PlannedCase, Request, Response, Trial


class Asked(NamedTuple):
    """A model and its endpoint, as settings or a marker name them."""

    model: str
    api_base: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What an earlier session tells of a case.

    Args:
        result: of the case.
        default: whom that session asked where nothing else was said.
        session: its id.
    """

    result: CaseResult
    default: Asked
    session: str


@dataclass(frozen=True, kw_only=True)
class Now:
    """What holds in the run that is planned.

    Args:
        mode: where answers may come from.
        default: whom it asks where nothing else is said.
        marked: whom a case's marker says, by pytest's node id.
        judge: whom metrics ask; without a model: as before.
        is_stored: whether the answer to a request of a test, by its node id, is in recordings or cache.
        prices: what models cost now.
    """

    mode: Mode
    default: Asked
    marked: Mapping[str, Asked]
    judge: Asked
    is_stored: Callable[[str, Request], bool]
    prices: Prices = LISTED


@dataclass
class _Count:
    n_replayed: int = 0
    n_live: int = 0
    n_guessed: int = 0
    n_unpriced: int = 0
    prices: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    # Equal requests of one session are sent once, but where every draw is asked for by itself.
    bought: set[str] = field(default_factory=set)


def forecast(planned: Mapping[str, PlannedCase], known: Mapping[str, Known], now: Now) -> Forecast:
    """Count the calls of a run.

    Args:
        planned: the cases that would run, by pytest's node id.
        known: what earlier sessions tell of them, by the same ids.
        now: what holds in the run.
    """
    count, unknown, sessions = _Count(), [], set()
    for nodeid, case in planned.items():
        told = known.get(nodeid)
        if told is None:
            unknown.append(case.id)
            continue
        sessions.add(told.session)
        for trial in range(case.n_trials):
            _add_trial(count, nodeid, told, trial, now)
    may_ask = now.mode is not Mode.REPLAY
    return Forecast(
        n_tests=len({case.id.test.partition("[")[0] for case in planned.values()}),
        trials=tuple(case.n_trials for case in planned.values()),
        n_replayed=count.n_replayed,
        n_live=count.n_live if may_ask else 0,
        n_guessed=count.n_guessed if may_ask else 0,
        n_missing=0 if may_ask else count.n_live,
        cost_usd=math.fsum(count.prices) if may_ask else 0.0,
        n_unpriced=count.n_unpriced if may_ask else 0,
        latency_s=math.fsum(count.latencies) if may_ask else 0.0,
        unknown=tuple(unknown),
        sessions=tuple(sorted(sessions, reverse=True)),
    )


def ran_whole(result: CaseResult) -> tuple[Trial, ...]:
    """Return the trials of a case that show all of its calls: none was cut short by a provider or a missing answer."""
    return () if result.has_miss else tuple(trial for trial in result.trials if not trial.is_unscored)


def _add_trial(count: _Count, nodeid: str, told: Known, index: int, now: Now) -> None:
    """Add the calls of one trial: its own if it ran, else those of a trial of the same case that did."""
    trials = ran_whole(told.result)
    own = next((trial for trial in trials if trial.index == index), None)
    shown = own or trials[index % len(trials)]
    calls = [(call, _asked_now(call, index, nodeid, told, now)) for call in shown.calls]
    fates = [_is_live(count, nodeid, request, now) for _, request in calls]
    for (call, request), is_live in zip(calls, fates, strict=True):
        _add(count, call, request, now.prices, is_live=is_live, is_guess=own is None)
    # What a judge is asked stands on the answer: another answer is another question.
    is_new = any(fates)
    for call in shown.judge_calls:
        request = _judged_now(call, now)
        is_live = is_new or _is_live(count, nodeid, request, now)
        _add(count, call, request, now.prices, is_live=is_live, is_guess=own is None)


def _is_live(count: _Count, nodeid: str, request: Request, now: Now) -> bool:
    if now.mode is Mode.LIVE:
        return True
    key = cache_key(request)
    if key in count.bought:
        return False
    if now.mode is not Mode.REFRESH and now.is_stored(nodeid, request):
        return False
    count.bought.add(key)
    return True


def _add(count: _Count, call: Response, request: Request, prices: Prices, *, is_live: bool, is_guess: bool) -> None:
    if not is_live:
        count.n_replayed += 1
        return
    count.n_live += 1
    count.n_guessed += is_guess
    count.latencies.append(call.latency_s)
    # Another model has another price; an answer of it may be longer or shorter, which nobody knows yet. The same one
    # cost what it cost when its price was known, whatever is known now.
    price = prices.cost_usd(replace(call, request=request))
    if price is None and request.model == call.request.model:
        price = call.cost_usd
    if price is None:
        count.n_unpriced += 1
    else:
        count.prices.append(price)


def _asked_now(call: Response, index: int, nodeid: str, told: Known, now: Now) -> Request:
    """Return a request as this run would make it: of that trial, and to whom it would go now."""
    request = replace(call.request, trial=index)
    before, after = _whom(call, nodeid, told, now)
    if request.model == before:
        request = replace(request, model=after.model, api_base=after.api_base)
    return resolved(request)


def _whom(call: Response, nodeid: str, told: Known, now: Now) -> tuple[str, Asked]:
    """Return the model that stood for "as the settings say" in the call's session, and what stands for it now."""
    marked = now.marked.get(nodeid)
    if marked is None:
        return told.default.model, now.default
    # The session does not keep what the marker said then. Where all calls name one model, it was that.
    named = {one.request.model for trial in told.result.trials for one in trial.calls}
    return call.request.model if len(named) == 1 else marked.model, marked


def _judged_now(call: Response, now: Now) -> Request:
    if not now.judge.model:
        return call.request
    return resolved(replace(call.request, model=now.judge.model, api_base=now.judge.api_base))

"""What the cases that asked for an answer which is not recorded would ask, and cost: said before it is spent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.providers import resolved
from pytest_llmeval.commands.watch.before import asked_by, key_of
from pytest_llmeval.gather.forecast import Asked, Known, Now, forecast, ran_whole
from pytest_llmeval.records import PlannedCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmeval.gather.dependencies import Key
    from pytest_llmeval.records import CaseResult, Request, Response, Session
    from pytest_llmeval.records.forecast import Forecast

_NOBODY = Asked("", "")


class Price(NamedTuple):
    """What is missing.

    Args:
        found: the calls of these cases, and what those cost whose price is known.
        n_cases: how many they are.
        is_least: whether a case was counted by what it asked before it was stopped: more may follow.
    """

    found: Forecast
    n_cases: int
    is_least: bool

    @property
    def most_usd(self) -> float | None:
        """US dollars, None where nobody knows."""
        return None if self.is_least or self.found.n_unpriced else self.found.cost_usd


def price(look: Session, before: Mapping[Key, Known]) -> Price:
    """Count what is missing by what each case asked when it last ran whole.

    A request that was answered from what is stored just now is not asked again; in the place of all others a new one
    is expected. A case that never ran here is taken to be like another of its test.

    Args:
        look: the session of a run that asked nobody.
        before: what is known of the cases.
    """
    missed = {result.nodeid: result for result in look.results if result.has_miss}
    answered = {nodeid: _answered(result) for nodeid, result in missed.items()}
    known: dict[str, Known] = {}
    alike: list[tuple[CaseResult, Known]] = []
    alone: list[CaseResult] = []
    for nodeid, result in missed.items():
        told = before.get(key_of(result))
        if told is not None and ran_whole(told.result):
            known[nodeid] = told
        elif sibling := _sibling(result, before.values()):
            alike.append((result, sibling))
        else:
            alone.append(result)
    now = Now(
        mode=Mode.AUTO,
        default=asked_by(look),
        marked={},
        judge=_NOBODY,
        is_stored=lambda nodeid, request: cache_key(request) in answered[nodeid],
    )
    found = forecast({nodeid: _planned(missed[nodeid]) for nodeid in known}, known, now)
    # Where one more call is made than before, what was counted is all stored.
    n_least = sum(max(1, len(missed[nodeid].missed)) for nodeid in known)
    unseen = max(0, n_least - found.n_live)
    for result, sibling in alike:
        found = _with(found, _calls_of(sibling.result), result.n_planned)
    found = _more(found, unseen + sum(max(1, len(result.missed)) for result in alone))
    return Price(found, len(missed), is_least=bool(alone or unseen))


def spent(session: Session) -> float:
    """Return the US dollars that the live calls of a session cost, as far as their price is known."""
    calls = {call.origin: call for result in session.results for call in _every(result)}
    return sum(call.cost_usd or 0.0 for call in calls.values() if call.provenance != "replayed")


def _planned(result: CaseResult) -> PlannedCase:
    # Not the session's plan, which lacks a test that shows only while it runs that it calls.
    return PlannedCase(id=result.id, suite=result.suite, n_trials=result.n_planned, arm=result.arm)


def _every(result: CaseResult) -> Iterable[Response]:
    return (call for trial in result.trials for call in (*trial.calls, *trial.judge_calls))


def _answered(result: CaseResult) -> frozenset[str]:
    requests: list[Request] = [resolved(call.request) for call in _every(result)]
    return frozenset(map(cache_key, requests))


def _sibling(result: CaseResult, every: Iterable[Known]) -> Known | None:
    """Return another case of the same test that ran whole, if there is one."""
    test = result.id.test.partition("[")[0]
    for one in every:
        if one.result.id.test.partition("[")[0] == test and one.result.arm == result.arm and ran_whole(one.result):
            return one
    return None


def _calls_of(result: CaseResult) -> tuple[Response, ...]:
    trial = ran_whole(result)[0]
    return (*trial.calls, *trial.judge_calls)


def _with(found: Forecast, calls: tuple[Response, ...], n_trials: int) -> Forecast:
    prices = [call.cost_usd for call in calls if call.cost_usd is not None]
    return replace(
        found,
        n_live=found.n_live + n_trials * len(calls),
        n_guessed=found.n_guessed + n_trials * len(calls),
        n_unpriced=found.n_unpriced + n_trials * (len(calls) - len(prices)),
        cost_usd=found.cost_usd + n_trials * sum(prices),
    )


def _more(found: Forecast, n_calls: int) -> Forecast:
    return replace(found, n_live=found.n_live + n_calls, n_unpriced=found.n_unpriced + n_calls)

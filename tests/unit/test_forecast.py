"""What a run would call, counted from what earlier sessions asked: replayed, live, at what price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.prices import Prices
from pytest_llmeval.gather.forecast import Asked, Known, Now, forecast
from pytest_llmeval.records import CaseId, CaseResult, PlannedCase, Request, Response, Trial

ID = CaseId("test_a.py::test", "a")
NODE = "test_a.py::test[a]"
DEFAULT = Asked("openai/m", "")
NOBODY = Asked("", "")


def call(trial, question="Hi", model="openai/m", cost_usd=0.5, **fields):
    """A call of a test's trial; a judge's is of none."""
    request = Request(model=model, messages=({"role": "user", "content": question},), trial=trial)
    return Response(text="x", request=request, cost_usd=cost_usd, latency_s=2.0, **fields)


def known(*trials, default=DEFAULT, **fields):
    """What a session tells of the one case: its trials, as the calls of each and those of its judge."""
    ran = tuple(
        Trial(index=index, calls=tuple(calls), judge_calls=tuple(judged))
        for index, (calls, judged) in enumerate(trials)
    )
    return {NODE: Known(result=CaseResult(nodeid=NODE, id=ID, trials=ran, **fields), default=default, session="s1")}


def now(mode=Mode.AUTO, default=DEFAULT, marked=None, judge=NOBODY, stored=()):
    """A run; ``stored`` are the requests whose answers there are."""
    keys = {cache_key(request) for request in stored}
    return Now(
        mode=mode,
        default=default,
        marked=marked or {},
        judge=judge,
        is_stored=lambda nodeid, request: nodeid == NODE and cache_key(request) in keys,
    )


def planned(n_trials):
    """A plan of the one case."""
    return {NODE: PlannedCase(id=ID, n_trials=n_trials)}


def test_what_is_stored_is_replayed_and_the_rest_is_live_at_its_recorded_price():
    """Call by call, by the key that it would have."""
    first, second = call(0), call(1)

    found = forecast(planned(2), known(([first], []), ([second], [])), now(stored=[first.request]))

    assert (1, 1, 0) == (found.n_replayed, found.n_live, found.n_guessed)
    assert (0.5, 0, 2.0) == (found.cost_usd, found.n_unpriced, found.latency_s)
    assert (1, (2,), ("s1",)) == (found.n_tests, found.trials, found.sessions)


def test_trials_that_never_ran_are_like_those_that_did_and_replayed_where_they_are_stored():
    """Trial 2 is stored, from an older session; trials 3 and 4 would be bought."""
    first = call(0)
    third = replace(first.request, trial=2)

    found = forecast(planned(5), known(([first], []), ([call(1)], [])), now(stored=[first.request, third]))

    assert (2, 3, 2) == (found.n_replayed, found.n_live, found.n_guessed)
    assert 1.5 == found.cost_usd


def test_another_model_makes_every_answer_live_and_has_its_own_price():
    """Its price is looked up by the tokens of the recorded answer; where it has none, that is counted."""
    first = call(0, n_input_tokens=10, n_output_tokens=5)
    prices = Prices({"openai/priced": {"input_cost_per_token": 0.015, "output_cost_per_token": 0.02}})

    def found(model):
        run = replace(now(default=Asked(model, ""), stored=[first.request]), prices=prices)
        return forecast(planned(1), known(([first], [])), run)

    assert (0, 1, 0.25, 0) == (*_calls(found("openai/priced")), found("openai/priced").cost_usd, 0)
    assert (0.0, 1) == (found("openai/other").cost_usd, found("openai/other").n_unpriced)
    assert (1, 0) == _calls(found("openai/m"))


def test_what_a_model_costs_now_is_told_and_what_it_cost_where_nobody_knows_now():
    """A price that has changed since, or was said since; the recorded one is better than none."""
    first = call(0, n_input_tokens=10, n_output_tokens=5)
    prices = Prices({"openai/m": {"input_cost_per_token": 0.1, "output_cost_per_token": 0.0}})

    assert 0.5 == forecast(planned(1), known(([first], [])), now()).cost_usd
    assert 1.0 == forecast(planned(1), known(([first], [])), replace(now(), prices=prices)).cost_usd


def test_a_call_that_names_its_own_model_keeps_it():
    """Only what stood for "as the settings say" changes with the settings."""
    own = call(0, model="openai/own")

    assert (1, 0) == _calls(
        forecast(planned(1), known(([own], [])), now(default=Asked("openai/b", ""), stored=[own.request]))
    )


def test_a_marker_wins_over_the_settings_then_and_now():
    """Unchanged it replays, whatever the flag says; edited it is live."""
    own = call(0, model="openai/marked")
    told = known(([own], []))

    def found(marked):
        return forecast(
            planned(1),
            told,
            now(default=Asked("openai/b", ""), marked={NODE: Asked(marked, "")}, stored=[own.request]),
        )

    assert (1, 0) == _calls(found("openai/marked"))
    assert (0, 1) == _calls(found("openai/edited"))


def test_a_new_answer_is_judged_anew():
    """The judge is asked about the answer, and a new one is another question; a replayed one's grade is replayed."""
    first, judged = call(0), call(None, question="grade", model="openai/judge")
    told = known(([first], [judged]))

    assert (2, 0) == _calls(forecast(planned(1), told, now(stored=[first.request, judged.request])))
    assert (0, 2) == _calls(forecast(planned(1), told, now(stored=[judged.request])))
    other = now(stored=[first.request, judged.request], judge=Asked("openai/judge-2", ""))
    assert (1, 1) == _calls(forecast(planned(1), told, other))


@pytest.mark.parametrize(
    ("mode", "calls"), [(Mode.AUTO, (2, 0)), (Mode.REFRESH, (1, 1)), (Mode.LIVE, (0, 2)), (Mode.REPLAY, (2, 0))]
)
def test_the_cache_mode_says_what_is_asked(mode, calls):
    """In refresh an equal request of the session is one draw; in live each is asked for by itself."""
    first = call(0)

    assert calls == _calls(forecast(planned(1), known(([first, first], [])), now(mode, stored=[first.request])))


def test_in_replay_what_is_not_stored_is_missing_and_costs_nothing():
    """Nobody is asked."""
    found = forecast(planned(3), known(([call(0)], [])), now(Mode.REPLAY))

    assert (0, 3, 0, 0.0, 0) == (found.n_live, found.n_missing, found.n_guessed, found.cost_usd, found.n_unpriced)


def test_an_answer_without_a_price_is_never_free():
    """It is counted."""
    found = forecast(planned(2), known(([call(0, cost_usd=None)], []), ([call(1)], [])), now())

    assert (2, 0.5, 1) == (found.n_live, found.cost_usd, found.n_unpriced)


def test_a_case_that_never_ran_is_unknown_and_never_counted_as_nothing():
    """By its id."""
    found = forecast({**planned(1), "b": PlannedCase(id=CaseId("test_b.py::test"))}, known(([call(0)], [])), now())

    assert (CaseId("test_b.py::test"),) == found.unknown
    assert (2, 1) == (found.n_tests, found.n_live)


def _calls(found):
    return found.n_replayed, found.n_live

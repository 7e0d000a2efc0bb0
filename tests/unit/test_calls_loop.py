"""Live calls beside each other, against a real provider on loopback that counts: sharing, limits, giving up."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

import pytest

from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.calls.events import Progress
from pytest_llmeval.calls.limits import Rate
from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.records import Request, coming_of
from pytest_llmeval.store.claims import Claims
from pytest_llmeval.store.sqlite import SqliteCache


class Provider:
    """Answers after a while, and notes how many it answered at a time, and when."""

    def __init__(self):
        self.latency_s = 0.1
        self.n_now = self.n_most = 0
        self.asked_s = []
        self.lock = threading.Lock()

    def __call__(self, body):
        """Answer."""
        with self.lock:
            self.asked_s.append(time.monotonic())
            self.n_now += 1
            self.n_most = max(self.n_most, self.n_now)
        time.sleep(self.latency_s)
        with self.lock:
            self.n_now -= 1
        return Reply(f"answer to {body['messages'][-1]['content']}")


@pytest.fixture
def provider():
    """A provider that counts."""
    return Provider()


@pytest.fixture
def loopback(provider):
    """Its server."""
    with Loopback(provider) as server:
        yield server


@pytest.fixture
def engine(tmp_path, loopback):
    """Make engines on one cache; closed at the end."""
    made = []

    def make(mode=Mode.AUTO, **settings):
        folder = tmp_path / ".llmeval"
        cache = SqliteCache(folder / "llmeval.db")
        made.append((Engine(cache, mode, claims=Claims(folder / "claims"), **settings), cache))
        return made[-1][0]

    yield make
    for one, cache in made:
        one.close()
        cache.close()


def request(loopback, question="Hi", trial=0):
    """A request to the loopback provider."""
    messages = ({"role": "user", "content": question},)
    return Request(model="openai/m", messages=messages, api_base=loopback.url, trial=trial)


def test_equal_requests_in_flight_are_sent_once(engine, loopback):
    """They are one draw; another trial's is another."""
    asking = engine()
    answers = [asking.begin(request(loopback)) for _ in range(5)] + [asking.begin(request(loopback, trial=1))]

    assert [coming_of(answer) is not None for answer in answers] == [True] * 6
    assert {answer.text for answer in answers} == {"answer to Hi"}
    assert len({answer.origin for answer in answers}) == 2
    assert len(loopback.requests) == 2


def test_live_draws_are_nobody_elses(engine, loopback):
    """Whoever asks live wants a draw of his own."""
    asking = engine(Mode.LIVE)
    answers = [asking.begin(request(loopback)) for _ in range(3)]
    assert len({answer.origin for answer in answers}) == 3
    assert len(loopback.requests) == 3


def test_asking_does_not_wait_and_calls_overlap_up_to_the_limit(engine, loopback, provider):
    """All are asked for before the first is answered."""
    asking = engine(concurrency=4)
    answers = [asking.begin(request(loopback, f"question {n}")) for n in range(12)]
    assert not any(coming_of(answer).done() for answer in answers)
    assert [answer.text for answer in answers] == [f"answer to question {n}" for n in range(12)]
    assert provider.n_most == 4


def test_one_that_is_told_to_wait_does_not_hold_up_the_others(engine, loopback):
    """429 with Retry-After: waited by that one; the provider counts two requests of it (FAULTS 14)."""
    asking = engine(concurrency=4)
    loopback.answer(Reply("slow down", status=429, headers={"Retry-After": "1"}))
    late = asking.begin(request(loopback, "first"))
    while not loopback.requests:
        time.sleep(0.01)
    others = [asking.begin(request(loopback, f"question {n}")) for n in range(8)]

    assert [answer.text for answer in others] == [f"answer to question {n}" for n in range(8)]
    assert not coming_of(late).done()
    assert late.text == "answer to first"
    assert len(loopback.requests) == 10


def test_where_nothing_remains_nothing_is_sent_before_the_reset(engine, loopback, provider):
    """The provider's own headers; a request that would be refused is not sent."""
    asking = engine(concurrency=1)
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "700ms"}
    loopback.answer(Reply("the last one", headers=headers))
    asked_s = time.monotonic()  # not when it was answered: a busy machine may tell us late
    assert asking.ask(request(loopback, "first")).text == "the last one"

    assert asking.ask(request(loopback, "second")).text == "answer to second"

    assert provider.asked_s[0] - asked_s > 0.7


def test_a_rate_that_was_set_is_kept(engine, loopback, provider):
    """600 a minute are one each 0.1 s, however many may be in flight."""
    provider.latency_s = 0.0
    asking = engine(concurrency=20, rates={"*": Rate(requests_per_minute=600)})
    answers = [asking.begin(request(loopback, f"question {n}")) for n in range(8)]
    assert all(answer.text for answer in answers)
    # Seven intervals, less the tolerance of one.
    assert provider.asked_s[-1] - provider.asked_s[0] > 0.5


def test_giving_up_ends_all_at_once_and_says_how_many(engine, loopback, provider):
    """Ctrl-C: nobody waits for the provider any more, nothing is sent from then on."""
    provider.latency_s = 60.0  # nobody waits for it: on a busy machine the second may ask seconds after the first
    asking = engine(concurrency=2)
    answers = [asking.begin(request(loopback, f"question {n}")) for n in range(6)]
    while len(provider.asked_s) < 2:
        time.sleep(0.01)

    assert asking.cancel() == 6

    for answer in [*answers, asking.begin(request(loopback, "late"))]:
        with pytest.raises(CancelledError):
            _ = answer.text
    assert len(loopback.requests) == 2


def test_a_display_that_fails_costs_no_answer(engine, loopback):
    """Events are told, and what hears them cannot break a call."""
    told = []

    def show(event):
        told.append((event.progress, event.cost_usd))
        raise OSError("no terminal")

    assert engine(on_event=show).ask(request(loopback)).text == "answer to Hi"
    assert told == [(Progress.ASKED, None), (Progress.ANSWERED, None)]

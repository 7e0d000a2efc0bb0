"""The engine: what is replayed, asked, stored and refused, against a real provider on loopback."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llmeval.calls.cache import Layered, Mode
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.calls.events import Progress
from pytest_llmeval.errors import CacheMiss, UsageError
from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.records import Outcome, Provenance, Request
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache

PLACES = ".llmeval/llmeval.db and recordings/test_refund.jsonl (1 response, mode 'replay')"


@pytest.fixture
def loopback():
    """An echo model that can misbehave."""
    with Loopback() as server:
        yield server


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Recordings over a working cache, in the working folder."""
    monkeypatch.chdir(tmp_path)
    working = SqliteCache(tmp_path / ".llmeval" / "llmeval.db")
    recordings = Recordings(tmp_path / "recordings" / "test_refund.jsonl", on_first_write=lambda sentence: None)
    yield Layered(recordings, working)
    working.close()


@pytest.fixture
def engine(cache):
    """Make engines on the cache, and close them."""
    made = []

    def make(mode=Mode.AUTO, **settings):
        made.append(Engine(cache, mode, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def request(loopback, question="Hi", **fields):
    """A request to the echo model."""
    fields = {"trial": 0, "messages": ({"role": "user", "content": question},), **fields}
    return Request(model="openai/echo", api_base=loopback.url, **fields)


def test_auto_asks_once_and_replays_the_same_draw(engine, loopback):
    """Same text, same origin; a re-run costs nothing."""
    live = engine().ask(request(loopback))
    again = engine().ask(request(loopback))
    assert (live.provenance, again.provenance) == (Provenance.LIVE, Provenance.REPLAYED)
    assert (again.text, again.origin, again.key) == (live.text, live.origin, live.key)
    assert len(loopback.requests) == 1


def test_a_response_carries_all_that_the_provider_said(engine, loopback):
    """Counts, names and time; no price for a model without one."""
    response = engine().ask(request(loopback, "two words"))
    assert (response.n_input_tokens, response.n_output_tokens, response.cost_usd) == (2, 2, None)
    assert (response.model, response.fingerprint, response.outcome) == ("echo", "loopback", Outcome.OK)
    assert response.latency_s == round(response.latency_s, 3) > 0
    assert response.recorded_at.endswith("Z")


def test_replay_never_asks_and_a_miss_says_what_differs_and_how_to_record(engine, loopback):
    """The three lines of FAULTS and DESIGN decision 6, word for word."""
    system = {"role": "system", "content": "Be kind."}
    user = {"role": "user", "content": "Hi"}
    engine().ask(request(loopback, messages=(system, user), trial=2))
    asked = request(loopback, messages=({**system, "content": "Be rude."}, user), trial=2)
    with pytest.raises(CacheMiss) as caught:
        engine(Mode.REPLAY).ask(asked, where="tests/test_refund.py::test_refund[fr]")
    first, *others = str(caught.value).splitlines()
    assert first.startswith("no stored response for this request (model 'openai/echo', trial 2, key ")
    assert first.endswith(")")
    assert others == [
        f"  looked in: {PLACES}; nearest differs in: system message",
        "  to record it: pytest --llmeval-cache=auto 'tests/test_refund.py::test_refund[fr]'",
    ]
    assert len(loopback.requests) == 1


def test_a_miss_in_an_empty_cache_writes_no_file_and_starts_no_thread(engine, loopback, tmp_path):
    """Replay leaves nothing behind."""
    n_threads = threading.active_count()
    with pytest.raises(CacheMiss, match=r"\(0 responses, mode 'replay'\)\n"):
        engine(Mode.REPLAY).ask(request(loopback))
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == n_threads


def test_refresh_asks_again_and_what_it_hears_is_replayed_from_then_on(engine, loopback):
    """The newest answer stands in both layers."""
    loopback.answer("old", "new")
    engine().ask(request(loopback))
    assert engine(Mode.REFRESH).ask(request(loopback)).provenance is Provenance.REFRESHED
    assert engine(Mode.REPLAY).ask(request(loopback)).text == "new"


def test_live_neither_reads_nor_writes_the_cache(engine, loopback, tmp_path):
    """Fresh draws, for who wants nothing else."""
    live = engine(Mode.LIVE)
    assert [live.ask(request(loopback)).provenance for _ in range(2)] == [Provenance.LIVE] * 2
    assert len(loopback.requests) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "settings", "outcome", "is_stored"),
    [
        (Reply("fine"), {}, Outcome.OK, True),
        (Reply("cut", finish_reason="length"), {"max_tokens": 1}, Outcome.TRUNCATED, True),
        (Reply("cut", finish_reason="length"), {"max_completion_tokens": 1}, Outcome.TRUNCATED, True),
        (Reply("cut", finish_reason="length"), {}, Outcome.TRUNCATED, False),
        (Reply("some", finish_reason="content_filter"), {}, Outcome.FILTERED, False),
        (Reply(None), {}, Outcome.EMPTY, False),
        (Reply(" \n"), {}, Outcome.EMPTY, False),
        (Reply("", finish_reason="length"), {"max_tokens": 1}, Outcome.EMPTY, False),
    ],
)
def test_only_whole_answers_and_those_cut_on_request_are_stored(engine, loopback, reply, settings, outcome, is_stored):
    """Filtered, empty and unasked cuts are outcomes of their own, never the truth of the next run."""
    loopback.answer(reply)
    assert engine().ask(request(loopback, settings=settings)).outcome is outcome
    engine().ask(request(loopback, settings=settings))
    assert len(loopback.requests) == (1 if is_stored else 2)


def test_a_truncated_answer_is_replayed_as_truncated(engine, loopback):
    """The outcome is stored with the text."""
    loopback.answer(Reply("cut", finish_reason="length"))
    engine().ask(request(loopback, settings={"max_tokens": 1}))
    assert engine(Mode.REPLAY).ask(request(loopback, settings={"max_tokens": 1})).outcome is Outcome.TRUNCATED


def test_the_endpoint_of_the_environment_is_in_the_key(engine, loopback, monkeypatch):
    """It can change the answer, so two endpoints never share one."""
    monkeypatch.setenv("OPENAI_BASE_URL", loopback.url)
    bare = Request(model="openai/echo", messages=({"role": "user", "content": "Hi"},))
    response = engine().ask(bare)
    assert response.request.api_base == loopback.url
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    with pytest.raises(CacheMiss, match="nearest differs in: api_base"):
        engine(Mode.REPLAY).ask(bare)


def test_a_bare_name_with_an_endpoint_is_asked_directly(engine, loopback):
    """Local servers know no provider's prefix."""
    asked = Request(model="smollm2", api_base=loopback.url, messages=({"role": "user", "content": "Hi"},))
    before = set(sys.modules)  # another test of this process may have needed litellm
    assert engine().ask(asked).text == "Hi"
    assert not [name for name in set(sys.modules) - before if name.partition(".")[0] == "litellm"]


def test_settings_go_over_the_wire_as_they_are(engine, loopback):
    """``extra_body`` is merged in, as OpenAI's own client does; a surrogate survives the way there and back."""
    asked = request(loopback, "\ud800\x00é", settings={"seed": 7, "extra_body": {"top_k": 3}})
    assert engine().ask(asked).text == "\ud800\x00é"
    assert dict(loopback.requests[0].body) == {
        "model": "echo",
        "messages": [{"role": "user", "content": "\ud800\x00é"}],
        "seed": 7,
        "top_k": 3,
    }


def test_no_more_than_the_limit_are_in_flight(engine, loopback):
    """Twelve threads, three at a time."""
    in_flight, most = 0, 0
    lock = threading.Lock()
    barrier = threading.Barrier(3)

    def model(body):
        nonlocal in_flight, most
        with lock:
            in_flight += 1
            most = max(most, in_flight)
        barrier.wait(10)  # breaks, and so fails, if fewer than three come together
        with lock:
            in_flight -= 1
        return "done"

    with Loopback(model) as crowded:
        limited = engine(concurrency=3)
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda n: limited.ask(request(crowded, str(n))).text, range(12)))
    assert (answers, most) == (["done"] * 12, 3)


def test_progress_is_told_step_by_step(engine, loopback):
    """Asked, tried again, answered; nothing of a replay."""
    events = []
    loopback.answer(Reply("slow down", status=429, headers={"Retry-After": "0"}))
    for _ in range(2):
        engine(on_event=events.append).ask(request(loopback))
    told = [(event.progress, event.attempt, event.detail) for event in events]
    assert told == [
        (Progress.ASKED, 1, ""),
        (Progress.RETRIED, 1, "HTTP 429"),
        (Progress.ASKED, 2, ""),
        (Progress.ANSWERED, 2, ""),
    ]


def test_an_engine_asks_again_after_it_was_closed(engine, loopback):
    """Closing gives back, it does not break."""
    one = engine()
    one.ask(request(loopback, "Hi"))
    one.close()
    assert one.ask(request(loopback, "Ho")).text == "Ho"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_asks_by_a_loop_of_its_own(engine, loopback):
    """The parent's loop has no thread in the child (FLIGHT)."""
    one = engine()
    one.ask(request(loopback, "parent"))
    child = os.fork()
    if child == 0:  # no cover: another process
        try:
            os._exit(0 if one.ask(request(loopback, "child")).text == "child" else 1)
        except BaseException:  # noqa: BLE001  (whatever it is, the child must not run pytest on)
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert one.ask(request(loopback, "child")).provenance is Provenance.REPLAYED


@pytest.mark.parametrize("name", ["api_key", "Authorization", "extra_headers", "aws_secret_access_key", "X-Api-Key"])
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"extra_body": s}], ids=["setting", "extra_body"])
def test_a_setting_named_like_a_secret_is_refused_before_anything_is_asked(engine, loopback, name, wrap):
    """It would stand in the recordings, in git."""
    with pytest.raises(UsageError, match="may hold a secret") as caught:
        engine().ask(request(loopback, settings=wrap({name: "hunter2"})))
    assert "hunter2" not in str(caught.value)
    assert loopback.requests == []


@pytest.mark.parametrize("name", ["max_tokens", "prompt_cache_key", "logit_bias", "stop_token_ids"])
def test_a_setting_that_only_sounds_like_a_secret_is_sent(engine, loopback, name):
    """Real settings of real providers."""
    assert engine().ask(request(loopback, settings={name: 5})).text == "Hi"


@pytest.mark.parametrize(
    "api_base", ["127.0.0.1:8000/v1", "http://me:hunter2@127.0.0.1/v1", "http://127.0.0.1/v1?key=hunter2", "ftp://x/"]
)
def test_an_endpoint_is_an_address_and_nothing_more(engine, api_base):
    """Credentials in it would be stored."""
    with pytest.raises(UsageError, match="api_base of model 'openai/a'") as caught:
        engine().ask(Request(model="openai/a", api_base=api_base, messages=()))
    assert "hunter2" not in str(caught.value)

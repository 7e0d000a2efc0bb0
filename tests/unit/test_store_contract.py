"""What a store promises, over threads, forks and kills: here SQLite's files; tests/e2e has PostgreSQL's half."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.records import Provenance, Request
from pytest_llmeval.store.spend import Balance
from tests.unit.stores import KEY, OTHER_KEY, Engine, in_child, response

LIMIT = 1000
FILLING = """
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response

cache, _, _ = opened(sys.argv[1])
for i in range(int(sys.argv[3])):
    request = Request(model=f"openai/{sys.argv[2]}-{i}", messages=())
    key = cache_key(request)
    cache.put(Response(text="x", request=request, key=key, recorded_at="2026", origin=origin(key, "x", "2026")))
    assert cache.get(key, request) is not None
    print(request.model, flush=True)
"""
# Reserves n times 10 of 1000.
RESERVING = """
import os
_, _, ledger = opened(sys.argv[1])
numbers = [ledger.reserve(10, 1000).number for _ in range(int(sys.argv[2]))]
print(sum(number is not None for number in numbers), flush=True)
if sys.argv[3] == "settles":
    for number in numbers:
        if number is not None:
            ledger.settle(number, 10, is_sure=True)
elif sys.argv[3] == "lives":
    sys.stdin.read()
os._exit(0)
"""
forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def engine(tmp_path):
    """SQLite's files; the tests ask for nothing else, so that another engine can stand here."""
    made = Engine(str(tmp_path / "store"))
    yield made
    made.close()


def is_stored(cache, model):
    """Whether what FILLING stored of a model is there."""
    request = Request(model=model, messages=())
    return cache.get(cache_key(request), request) is not None


def at_once(*acts):
    """Do all of them, each in a thread of its own."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def spent_and_held(ledger):
    """Two columns of an account, read at one time."""
    balance = ledger.balance()
    return balance.spent, balance.held


def test_a_response_comes_back_whole_and_replayed(engine):
    """With a NUL and half a surrogate pair in it, from another opening."""
    told = response(text="Hello\0 \ud800 ☃", question="\0\udfff")
    engine.cache().put(told)
    assert engine.cache().get(told.key, told.request) == replace(told, provenance=Provenance.REPLAYED)


def test_the_newest_answer_of_a_key_stands(engine):
    """Whichever was written last."""
    new = response(text="new", recorded_at="2026-01-02T00:00:00.000000Z")
    for one in (response(), new, response()):
        engine.cache().put(one)
    assert engine.cache().get(new.key, new.request).text == "new"


def test_a_row_that_does_not_fit_its_seal_is_a_miss_and_counted(engine):
    """Also for the search of a neighbour (FAULTS 11)."""
    engine.cache().put(response())
    engine.damage()
    cache = engine.cache()
    assert (cache.get(response().key, response().request), cache.n_damaged) == (None, 1)
    assert cache.nearest(response().request) is None


def test_the_nearest_row_is_found(engine):
    """To explain a miss without recordings."""
    cache = engine.cache()
    for question in ("Hi", "Ho"):
        cache.put(response(question))
    assert cache.nearest(replace(response("Ho").request, trial=4)) == response("Ho").request


def test_four_processes_that_begin_together_lose_no_row(engine):
    """They also make the store together; none is told that it is locked (FAULTS 8)."""
    writers = [engine.start(FILLING, name, 200) for name in "abcd"]
    results = [writer.communicate(timeout=120) for writer in writers]
    models = [model for out, _ in results for model in out.split()]
    cache = engine.cache()
    assert [err for _, err in results] == [""] * 4
    assert len(models) == 800
    assert [model for model in models if not is_stored(cache, model)] == []


@pytest.mark.parametrize("n_seen", [1, 30])
def test_what_was_stored_before_a_kill_is_there_after_it(engine, n_seen):
    """SIGKILL between two rows, or in the middle of one; the store takes more after it (FAULTS 1)."""
    with engine.start(FILLING, "a", 100_000) as writer:
        models = [writer.stdout.readline().strip() for _ in range(n_seen)]
        writer.send_signal(signal.SIGKILL)
        models += writer.communicate()[0].split()
    cache = engine.cache()
    assert [model for model in models if not is_stored(cache, model)] == []
    cache.put(response())
    assert cache.get(response().key, response().request).text == "Hello"


def test_threads_share_one_cache(engine):
    """Twenty at once."""
    cache = engine.cache()
    every = [response(str(n)) for n in range(20)]
    at_once(*(lambda one=one: cache.put(one) for one in every))
    assert [one for one in every if cache.get(one.key, one.request) is None] == []


@forks
def test_a_forked_child_has_a_connection_of_its_own(engine):
    """And its end does not close its parent's."""
    cache = engine.cache()
    cache.put(response("parent"))

    def store_and_close():
        cache.put(response("child"))
        cache.close()
        return True

    assert in_child(store_and_close)
    assert ["Hello"] * 2 == [cache.get(response(who).key, response(who).request).text for who in ("parent", "child")]


def test_a_closed_cache_opens_again(engine):
    """Closing gives back, it does not break."""
    cache = engine.cache()
    cache.put(response())
    cache.close()
    assert cache.get(response().key, response().request).text == "Hello"


def test_of_two_processes_one_has_a_claim(engine):
    """The other is told so at once; another key is free, and one's own stays one's own."""
    claims = engine.claims()
    with engine.another() as (_, say):
        assert claims.take(KEY) is True
        assert (say("take", KEY), say("take", OTHER_KEY)) == ("False", "True")
        assert (claims.take(KEY), claims.take(OTHER_KEY)) == (True, False)


def test_a_claim_that_is_given_back_is_free(engine):
    """For either process, also one that was taken twice; giving back what one does not have changes nothing."""
    claims = engine.claims()
    claims.give_back(KEY)
    with engine.another() as (_, say):
        assert (say("take", KEY), say("take", KEY)) == ("True", "True")
        claims.give_back(KEY)
        assert claims.take(KEY) is False
        say("back", KEY)
        assert claims.take(KEY) is True
        claims.give_back(KEY)
        assert say("take", KEY) == "True"


def test_the_claims_of_a_killed_process_are_free(engine):
    """SIGKILL: nothing of the process's own can run (FAULTS 1)."""
    claims = engine.claims()
    with engine.another() as (process, say):
        assert say("take", KEY) == "True"
        assert claims.take(KEY) is False
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert engine.soon(lambda: claims.take(KEY)) is True


@forks
def test_a_forked_child_is_another_process(engine):
    """It has no claim of its parent's, and its end takes none away, though it closes what it inherited."""
    claims = engine.claims()
    assert claims.take(KEY) is True
    assert in_child(lambda: claims.take(KEY)) is False
    assert in_child(lambda: claims.take(OTHER_KEY)) is True
    assert in_child(lambda: claims.give_back(KEY) or claims.take(KEY)) is False
    with engine.another() as (_, say):
        assert say("take", KEY) == "False"
        assert engine.soon(lambda: say("take", OTHER_KEY) == "True")


def test_threads_of_one_process_share_its_claims(engine):
    """All at once, from the first claim on."""
    claims = engine.claims()
    got = []
    at_once(*(lambda n=n: got.append(claims.take(f"{n:02x}" * 32)) for n in range(20)))
    assert got == [True] * 20
    with engine.another() as (_, say):
        assert say("take", "13" * 32) == "False"


def test_what_is_spent_and_held_stays_within_the_limit(engine):
    """To the last nano-dollar; what comes back can be reserved again."""
    ledger = engine.ledger()
    first, second = ledger.reserve(600, LIMIT), ledger.reserve(400, LIMIT)
    assert (None, 0, 1000) == ledger.reserve(1, LIMIT)
    ledger.settle(first.number, 100, is_sure=True)
    ledger.settle(second.number, 400, is_sure=False)
    assert (None, 500, 0) == ledger.reserve(501, LIMIT)
    assert ledger.reserve(500, LIMIT).number
    ledger.refuse()
    assert Balance(spent=500, unsure=400, n_unsure=1, held=500, n_held=1, n_refused=1) == ledger.balance()


def test_a_reservation_is_settled_once(engine):
    """And its number is nobody else's later."""
    ledger = engine.ledger()
    number = ledger.reserve(10, LIMIT).number
    for _ in range(2):
        ledger.settle(number, 5, is_sure=True)
    assert (5, 0) == spent_and_held(ledger)
    assert number != ledger.reserve(10, LIMIT).number


def test_accounts_do_not_mix(engine):
    """Two sessions in one store."""
    one, other = engine.ledger(), engine.ledger("b")
    one.reserve(1000, LIMIT)
    assert other.reserve(1000, LIMIT).number
    assert (1000, 1000) == (one.balance().held, other.balance().held)


def test_threads_of_one_process_never_reserve_too_much(engine):
    """Forty at once."""
    ledger = engine.ledger()
    with ThreadPoolExecutor(8) as pool:
        reserved = list(pool.map(lambda _: ledger.reserve(30, LIMIT).number, range(40)))
    assert 33 == len({number for number in reserved if number is not None})


def test_processes_never_reserve_too_much(engine):
    """Three, each of which would take nearly all of it; none is told that the ledger is locked."""
    processes = [engine.start(RESERVING, 70, "settles") for _ in range(3)]
    taken = [int(process.communicate(timeout=120)[0]) for process in processes]
    assert 100 == sum(taken)
    assert 1000 == engine.ledger().balance().spent


def test_what_a_dead_process_had_reserved_counts_as_spent(engine):
    """When somebody else asks; of one that lives it is held."""
    ledger = engine.ledger()
    living = engine.start(RESERVING, 30, "lives")
    assert "30" == living.stdout.readline().strip()
    assert "70" == engine.start(RESERVING, 80, "dies").communicate(timeout=120)[0].strip()
    assert engine.soon(lambda: (None, 700, 300) == ledger.reserve(1, LIMIT))
    assert Balance(spent=700, unsure=700, n_unsure=70, held=300, n_held=30) == ledger.balance()
    living.kill()
    living.communicate()
    assert engine.soon(lambda: (None, 1000, 0) == ledger.reserve(1, LIMIT))


def test_two_ledgers_of_one_process_do_not_take_each_other_for_dead(engine):
    """Engine and summary each open one."""
    ledger = engine.ledger()
    number = ledger.reserve(10, LIMIT).number
    assert (0, 10) == spent_and_held(engine.ledger())
    ledger.settle(number, 3, is_sure=True)
    assert (3, 0) == spent_and_held(ledger)


@forks
def test_a_fork_spends_as_a_process_of_its_own(engine):
    """Its parent's connection is not used, and what it leaves counts as spent."""
    ledger = engine.ledger()
    ledger.reserve(10, LIMIT)
    assert in_child(lambda: ledger.reserve(20, LIMIT).number)
    assert engine.soon(lambda: (20, 10) == spent_and_held(ledger))

"""What a store promises, kept by both engines: SQLite's file and PostgreSQL's schema, over threads, forks and kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

import pytest_llmeval
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.errors import SchemaTooNew
from pytest_llmeval.records import Provenance, Request, Response
from tests.e2e import database, servers

pytestmark = pytest.mark.e2e

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pytest_llmeval.__file__).parents[1])}
KEY, OTHER_KEY = "a" * 64, "f" * 64

# Opens a store by its place: an address, or the folder of a file.
OPENING = """
import sys
from pathlib import Path

def opened(place, account="a"):
    if "://" in place:
        from pytest_llmeval.store.postgres.address import address_of
        from pytest_llmeval.store.postgres.cache import PostgresCache
        from pytest_llmeval.store.postgres.ledger import PostgresLedger
        from pytest_llmeval.store.postgres.link import link_of, lock_of
        url, _, tenant = place.partition(" ")
        address = address_of(url, tenant)

        class Claims:
            def take(self, key):
                return link_of(address).take(lock_of(address.schema, "claim", key))

            def give_back(self, key):
                link_of(address).give_back(lock_of(address.schema, "claim", key))

        return PostgresCache(address), Claims(), PostgresLedger(address, account)
    from pytest_llmeval.store.claims import Claims
    from pytest_llmeval.store.spend import SpendLedger
    from pytest_llmeval.store.sqlite import SqliteCache
    folder = Path(place)
    return SqliteCache(folder / "llmeval.db"), Claims(folder / "claims"), SpendLedger(folder / "spend.db", account)
"""
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
CLAIMING = """
_, claims, _ = opened(sys.argv[1])
for line in sys.stdin:
    verb, key = line.split()
    print(claims.take(key) if verb == "take" else claims.give_back(key), flush=True)
"""
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
_OPENED: dict[str, object] = {}
exec(OPENING, _OPENED)  # noqa: S102 - the same here as in other processes


class Engine(NamedTuple):
    """One of the two; ``place`` is what another process opens."""

    name: str
    place: str

    def cache(self):
        """Open the cache."""
        return _OPENED["opened"](self.place)[0]

    def claims(self):
        """Open the claims."""
        return _OPENED["opened"](self.place)[1]

    def ledger(self, account="a"):
        """Open an account."""
        return _OPENED["opened"](self.place, account)[2]

    def start(self, script, *args):
        """Start a script in a process of its own."""
        return subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", OPENING + script, self.place, *map(str, args)],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request, tmp_path):
    """Each promise is kept by both."""
    if request.param == "sqlite":
        yield Engine("sqlite", str(tmp_path / "store"))
        return
    from pytest_llmeval.store.postgres.address import address_of
    from pytest_llmeval.store.postgres.link import link_of

    url = request.getfixturevalue("store")
    yield Engine("postgres", url)
    link_of(address_of(url)).close()


@contextmanager
def another(engine):
    """Another process that claims; ``say("take", key)`` returns what it answers."""
    with engine.start(CLAIMING) as process:

        def say(verb, key):
            process.stdin.write(f"{verb} {key}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        try:
            yield process, say
        finally:
            process.kill()


def response(question="Hi", text="Hello", recorded_at="2026-01-01T00:00:00.000000Z"):
    """A live response, as the engine completes it."""
    request = Request(model="openai/a", messages=({"role": "user", "content": question},), trial=0)
    key = cache_key(request)
    return Response(text=text, request=request, recorded_at=recorded_at, key=key, origin=origin(key, text, recorded_at))


def is_stored(cache, model):
    """Whether what FILLING stored of a model is there."""
    request = Request(model=model, messages=())
    return cache.get(cache_key(request), request) is not None


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
    if engine.name == "sqlite":
        import sqlite3

        with sqlite3.connect(Path(engine.place) / "llmeval.db") as connection:
            connection.execute("UPDATE responses SET body = substr(body, 1, length(body) - 1) || 'x'")
    else:
        database.sql(engine.place, r"UPDATE llmeval.responses SET body = substr(body, 1, length(body) - 1) || '\xff'")
    cache = engine.cache()
    assert (cache.get(response().key, response().request), cache.n_damaged) == (None, 1)
    assert cache.nearest(response().request) is None


def test_the_nearest_row_is_found(engine):
    """To explain a miss."""
    cache = engine.cache()
    for question in ("Hi", "Ho"):
        cache.put(response(question))
    assert cache.nearest(replace(response("Ho").request, trial=4)) == response("Ho").request


def test_four_processes_that_begin_together_lose_no_row(engine):
    """They make the store together, too (FAULTS 8)."""
    writers = [engine.start(FILLING, name, 100) for name in "abcd"]
    results = [writer.communicate(timeout=120) for writer in writers]
    models = [model for out, _ in results for model in out.split()]
    cache = engine.cache()
    assert [err for _, err in results] == [""] * 4
    assert len(models) == 400
    assert [model for model in models if not is_stored(cache, model)] == []


def test_what_was_stored_before_a_kill_is_there_after_it(engine):
    """SIGKILL between two rows, or in the middle of one (FAULTS 1)."""
    with engine.start(FILLING, "a", 100_000) as writer:
        models = [writer.stdout.readline().strip() for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        models += writer.communicate()[0].split()
    cache = engine.cache()
    assert [model for model in models if not is_stored(cache, model)] == []


def test_threads_share_one_cache(engine):
    """Twenty at once."""
    cache = engine.cache()
    threads = [threading.Thread(target=cache.put, args=(response(str(n)),)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [n for n in range(20) if cache.get(response(str(n)).key, response(str(n)).request) is None] == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_connection_of_its_own(engine):
    """And its end does not close its parent's."""
    cache = engine.cache()
    cache.put(response("parent"))
    child = os.fork()
    if child == 0:  # no cover: another process
        try:
            cache.put(response("child"))
            cache.close()
            os._exit(0)
        except BaseException:  # noqa: BLE001  (whatever it is, the child must not run pytest on)
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ["Hello"] * 2 == [cache.get(response(who).key, response(who).request).text for who in ("parent", "child")]


def test_a_store_of_a_newer_version_is_refused_untouched(engine):
    """With both versions, and what to do (FAULTS 10)."""
    engine.cache().put(response())
    if engine.name == "sqlite":
        import sqlite3

        with sqlite3.connect(Path(engine.place) / "llmeval.db") as connection:
            connection.execute("PRAGMA user_version = 99")
        engine = Engine("sqlite", engine.place)
    else:
        engine.cache().close()
        database.sql(engine.place, "UPDATE llmeval.schema_version SET version = 99")
    with pytest.raises(SchemaTooNew, match="newer pytest-llmeval") as caught:
        engine.cache().check()
    assert "99" in caught.value.found


def test_a_closed_cache_opens_again(engine):
    """Closing gives back, it does not break."""
    cache = engine.cache()
    cache.put(response())
    cache.close()
    assert cache.get(response().key, response().request).text == "Hello"


def test_of_two_processes_one_has_a_claim(engine):
    """The other is told so at once; another key is free, and one's own stays one's own."""
    claims = engine.claims()
    with another(engine) as (_, say):
        assert claims.take(KEY) is True
        assert (say("take", KEY), say("take", OTHER_KEY)) == ("False", "True")
        assert (claims.take(KEY), claims.take(OTHER_KEY)) == (True, False)


def test_a_claim_that_is_given_back_is_free(engine):
    """Also one that was taken twice; giving back what one does not have changes nothing."""
    claims = engine.claims()
    claims.give_back(KEY)
    with another(engine) as (_, say):
        assert (say("take", KEY), say("take", KEY)) == ("True", "True")
        claims.give_back(KEY)
        assert claims.take(KEY) is False
        say("back", KEY)
        assert claims.take(KEY) is True


def test_the_claims_of_a_killed_process_are_free(engine):
    """SIGKILL: nothing of the process's own can run (FAULTS 1)."""
    claims = engine.claims()
    with another(engine) as (process, say):
        assert say("take", KEY) == "True"
        assert claims.take(KEY) is False
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert servers.eventually(lambda: claims.take(KEY)) is True


def test_what_is_spent_and_held_stays_within_the_limit(engine):
    """To the last nano-dollar; what comes back can be reserved again, and is settled once."""
    ledger = engine.ledger()
    first, second = ledger.reserve(600, 1000), ledger.reserve(400, 1000)
    assert (None, 0, 1000) == ledger.reserve(1, 1000)
    for _ in range(2):
        ledger.settle(first.number, 100, is_sure=True)
    ledger.settle(second.number, 400, is_sure=False)
    assert (None, 500, 0) == ledger.reserve(501, 1000)
    assert ledger.reserve(500, 1000).number
    ledger.refuse()
    assert (500, 400, 1, 500, 1, 1) == ledger.balance()


def test_accounts_do_not_mix(engine):
    """Two sessions in one store."""
    one, other = engine.ledger(), engine.ledger("b")
    one.reserve(1000, 1000)
    assert other.reserve(1000, 1000).number
    assert (1000, 1000) == (one.balance().held, other.balance().held)


def test_processes_never_reserve_too_much(engine):
    """Three, each of which would take nearly all of it."""
    processes = [engine.start(RESERVING, 70, "settles") for _ in range(3)]
    taken = [int(process.communicate(timeout=120)[0]) for process in processes]
    assert 100 == sum(taken)
    assert 1000 == engine.ledger().balance().spent


def test_what_a_dead_process_had_reserved_counts_as_spent(engine):
    """When somebody else asks; of one that lives it is held."""
    ledger = engine.ledger()
    ledger.reserve(0, 1000)
    living = engine.start(RESERVING, 30, "lives")
    assert "30" == living.stdout.readline().strip()
    assert "70" == engine.start(RESERVING, 80, "dies").communicate(timeout=120)[0].strip()
    assert servers.eventually(lambda: (None, 700, 300) == ledger.reserve(1, 1000))
    assert (700, 700, 70) == ledger.balance()[:3]
    living.kill()
    living.communicate()
    assert servers.eventually(lambda: (None, 1000, 0) == ledger.reserve(1, 1000))

"""The working cache: many processes, kills, damage, other versions."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import pytest_llmeval
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.records import Provenance, Request, Response
from pytest_llmeval.store.sqlite import SqliteCache
from pytest_llmeval.store.tables import MIGRATIONS

FILL = """
import sys
from pathlib import Path
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response
from pytest_llmeval.store.sqlite import SqliteCache

cache = SqliteCache(Path(sys.argv[1]))
for i in range(int(sys.argv[3])):
    request = Request(model=f"openai/{sys.argv[2]}-{i}", messages=())
    key = cache_key(request)
    cache.put(Response(text="x", request=request, key=key, recorded_at="2026", origin=origin(key, "x", "2026")))
    assert cache.get(key, request) is not None
    print(request.model, flush=True)
"""


def is_stored(cache, model):
    """Whether what FILL stored of a model is there."""
    request = Request(model=model, messages=())
    return cache.get(cache_key(request), request) is not None


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pytest_llmeval.__file__).parents[1])}


def response(question="Hi", text="Hello", recorded_at="2026-01-01T00:00:00.000000Z"):
    """A live response, as the engine completes it."""
    request = Request(model="openai/a", messages=({"role": "user", "content": question},), trial=0)
    key = cache_key(request)
    return Response(text=text, request=request, recorded_at=recorded_at, key=key, origin=origin(key, text, recorded_at))


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where the cache stands, seen from the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".llmeval" / "llmeval.db"


@pytest.fixture
def opened(path):
    """Open the cache, and close it at the end."""
    made = []

    def make(**arguments):
        made.append(SqliteCache(path, **arguments))
        return made[-1]

    yield make
    for cache in made:
        cache.close()


def sql(path, *statements):
    """Do to the file what no code of ours does."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def damage(path):
    """Overwrite the middle of the file, as a bad disk would."""
    with path.open("r+b") as file:
        file.seek(50)
        file.write(b"\xff" * 8_000)


def test_a_response_comes_back_whole_and_replayed(opened):
    """From another opening of the same file."""
    opened().put(response())
    assert opened().get(response().key, response().request) == replace(response(), provenance=Provenance.REPLAYED)


def test_the_newest_answer_of_a_key_stands(opened):
    """Whichever was written last."""
    new = response(text="new", recorded_at="2026-01-02T00:00:00.000000Z")
    for one in (response(), new, response()):
        opened().put(one)
    assert opened().get(new.key, new.request).text == "new"


def test_a_look_makes_no_file(opened, tmp_path):
    """Replay leaves nothing behind."""
    cache = opened()
    cache.check()
    assert (cache.get("0" * 64, response().request), cache.nearest(response().request), cache.describe()) == (
        None,
        None,
        ".llmeval/llmeval.db",
    )
    assert list(tmp_path.iterdir()) == []


def test_the_files_are_their_owners_only_and_ignored_by_git(opened, path):
    """Prompts of a private application stand in it (FAULTS 30)."""
    opened().put(response())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("llmeval.db*")}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == {"llmeval.db": 0o600, "llmeval.db-wal": 0o600, "llmeval.db-shm": 0o600}
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_four_processes_that_begin_together_lose_no_row(opened, path):
    """They also make the file together; none sees "database is locked" (FAULTS 8)."""
    writers = [
        subprocess.Popen(  # noqa: S603  (our own script)
            [sys.executable, "-c", FILL, str(path), name, "200"],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for name in "abcd"
    ]
    results = [writer.communicate() for writer in writers]
    models = [model for out, _ in results for model in out.decode().split()]
    cache = opened()
    assert [err for _, err in results] == [b""] * 4
    assert len(models) == 800
    assert [model for model in models if not is_stored(cache, model)] == []


@pytest.mark.parametrize("n_seen", [1, 30])
def test_what_was_stored_before_a_kill_is_there_after_it(opened, path, n_seen):
    """SIGKILL between two rows, or in the middle of one."""
    with subprocess.Popen(  # noqa: S603  (our own script)
        [sys.executable, "-c", FILL, str(path), "a", "100000"], env=ENVIRONMENT, stdout=subprocess.PIPE
    ) as writer:
        models = [writer.stdout.readline().decode().strip() for _ in range(n_seen)]
        writer.send_signal(signal.SIGKILL)
        models += writer.communicate()[0].decode().split()
    cache = opened()
    assert [model for model in models if not is_stored(cache, model)] == []
    cache.put(response())
    assert cache.get(response().key, response().request).text == "Hello"


def test_threads_share_one_cache(opened):
    """Each has a connection of its own."""
    cache = opened()
    threads = [threading.Thread(target=cache.put, args=(response(str(n)),)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [n for n in range(20) if cache.get(response(str(n)).key, response(str(n)).request) is None] == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_connection_of_its_own(opened):
    """SQLite's connections must not cross a fork."""
    cache = opened()
    cache.put(response("parent"))
    child = os.fork()
    if child == 0:  # no cover: another process
        try:
            cache.put(response("child"))
            cache.close()
            os._exit(0)
        except BaseException:  # noqa: BLE001  (whatever it is, the child must not run pytest on)
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert [cache.get(response(who).key, response(who).request).text for who in ("parent", "child")] == [
        "Hello",
        "Hello",
    ]


def test_a_row_that_does_not_fit_its_digest_is_a_miss_and_counted(opened, path):
    """Also for the search of a neighbour (FAULTS 11)."""
    opened().put(response())
    sql(path, "UPDATE responses SET body = substr(body, 1, length(body) - 1) || 'x'")
    cache = opened()
    assert (cache.get(response().key, response().request), cache.n_damaged) == (None, 1)
    assert cache.nearest(response().request) is None


def test_a_damaged_file_is_an_error_with_its_path(opened, path):
    """Replay stops; the file is left for a look."""
    opened().put(response())
    opened().close()
    sql(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    damage(path)
    with pytest.raises(StoreError, match=r"the cache \.llmeval/llmeval\.db cannot be used") as caught:
        SqliteCache(path).check()
    assert caught.value.hint.startswith("look at it, then: mv .llmeval/llmeval.db ")
    assert [file.name for file in path.parent.glob("*corrupt*")] == []


@pytest.mark.parametrize(
    "ruin",
    [
        lambda path: path.write_bytes(b"this is no database" * 1000),
        lambda path: sql(path, "CREATE TABLE theirs (x)"),
    ],
    ids=["no-database", "another-program's"],
)
def test_a_file_that_is_not_ours_is_set_aside_whole_where_that_is_asked_for(opened, path, ruin):
    """Renamed and told, never deleted; the session goes on with a new one (FAULTS 10)."""
    path.parent.mkdir()
    ruin(path)
    content = path.read_bytes()
    told = []
    cache = opened(on_set_aside=told.append)
    assert cache.get(response().key, response().request) is None
    cache.put(response())
    (aside,) = [file for file in path.parent.glob("llmeval.db.corrupt-*") if not file.name.endswith(("-wal", "-shm"))]
    assert aside.read_bytes() == content
    assert cache.get(response().key, response().request).text == "Hello"
    (notice,) = told
    assert "the cache .llmeval/llmeval.db cannot be read" in notice
    assert f"it was set aside as .llmeval/{aside.name}" in notice


def test_two_that_find_the_damage_at_once_set_aside_one_file(opened, path):
    """The second must not rename the first one's new file."""
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)
    told = []
    threads = [
        threading.Thread(target=opened(on_set_aside=told.append).put, args=(response(str(n)),)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache = opened()
    assert len(told) == 1
    assert [n for n in range(8) if cache.get(response(str(n)).key, response(str(n)).request) is None] == []


def test_a_file_of_a_newer_version_is_refused_untouched(opened, path):
    """Even where damaged files may be set aside."""
    opened().put(response())
    sql(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    content = path.read_bytes()
    with pytest.raises(SchemaTooNew, match="was written by a newer pytest-llmeval"):
        SqliteCache(path, on_set_aside=print).get("0" * 64, response().request)
    assert path.read_bytes() == content


def test_a_file_that_a_kill_left_without_a_schema_is_finished(opened, path):
    """The kill came between making the file and filling it."""
    path.parent.mkdir()
    path.touch()
    opened().put(response())
    assert opened().get(response().key, response().request).text == "Hello"


def test_a_path_that_cannot_be_opened_is_a_named_error(path):
    """A folder stands where the file should be."""
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be used"):
        SqliteCache(path).check()


def test_the_nearest_row_is_found(opened):
    """To explain a miss without recordings."""
    cache = opened()
    for question in ("Hi", "Ho"):
        cache.put(response(question))
    asked = replace(response("Ho").request, trial=4)
    assert cache.nearest(asked) == response("Ho").request


def test_a_closed_cache_opens_again(opened):
    """Closing gives back, it does not break."""
    cache = opened()
    cache.put(response())
    cache.close()
    assert cache.get(response().key, response().request).text == "Hello"

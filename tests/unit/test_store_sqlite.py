"""The working cache as a file: whose it is, damage, other versions; what each store promises: test_store_contract."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.store.sqlite import SqliteCache
from pytest_llmeval.store.tables import MIGRATIONS
from tests.unit.stores import response


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
    """With both versions, and even where damaged files may be set aside (FAULTS 10)."""
    opened().put(response())
    known = len(MIGRATIONS)
    sql(path, f"PRAGMA user_version = {known + 1}")
    content = path.read_bytes()
    with pytest.raises(SchemaTooNew, match="was written by a newer pytest-llmeval") as caught:
        SqliteCache(path, on_set_aside=print).get("0" * 64, response().request)
    assert f"its schema is {known + 1}, this version knows {known}" in caught.value.found
    with pytest.raises(SchemaTooNew):
        SqliteCache(path).check()
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

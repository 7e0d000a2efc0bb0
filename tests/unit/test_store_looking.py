"""Looking whether an answer is stored writes no byte, whatever state the files are in."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response
from pytest_llmeval.store.looking import Looking
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache

REQUESTS = [Request(model=f"openai/{name}", messages=()) for name in ("recorded", "cached", "nowhere")]


def response(request):
    """A stored answer."""
    key = cache_key(request)
    return Response(text="x", request=request, key=key, recorded_at="2026", origin=origin(key, "x", "2026"))


def files(folder):
    """Every file below a folder, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def looked(looking, recordings):
    """Which of the requests are stored."""
    return [looking.has(cache_key(request), request, recordings) for request in REQUESTS]


@pytest.fixture
def stored(tmp_path):
    """A recording, and an answer in the working cache."""
    Recordings(tmp_path / "recordings.jsonl", on_first_write=str).put(response(REQUESTS[0]))
    cache = SqliteCache(tmp_path / "cache" / "llmeval.db")
    cache.put(response(REQUESTS[1]))
    yield tmp_path, cache
    cache.close()


@pytest.mark.parametrize("is_open", [False, True])
def test_recordings_and_cache_are_looked_at_and_left_as_they_are(stored, is_open):
    """At rest, and while another process has the cache open."""
    folder, cache = stored
    if not is_open:
        cache.close()
    before = files(folder)

    looking = Looking(folder / "cache" / "llmeval.db")
    found = looked(looking, folder / "recordings.jsonl")
    without = looked(looking, None)
    looking.close()

    assert ([True, True, False], [False, True, False]) == (found, without)
    assert before.keys() == files(folder).keys()
    assert [] == [name for name, data in files(folder).items() if data != before[name] and not name.endswith("-shm")]
    assert [] == looking.notes


def test_a_cache_that_is_not_there_is_not_made(tmp_path):
    """Nothing is stored, and nothing is to be said."""
    looking = Looking(tmp_path / "none" / "llmeval.db")

    assert [False] * 3 == looked(looking, tmp_path / "none.jsonl")
    looking.close()
    assert [] == [*looking.notes, *tmp_path.iterdir()]


@pytest.mark.parametrize("kind", ["garbage", "older"])
def test_a_cache_that_cannot_be_read_is_said_and_counts_as_empty(tmp_path, kind):
    """Neither set aside nor migrated."""
    path = tmp_path / "llmeval.db"
    if kind == "garbage":
        path.write_bytes(b"no database" * 100)
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 1")
    before = files(tmp_path)

    looking = Looking(path)

    assert [False] * 3 == looked(looking, None)
    assert 1 == len(looking.notes)
    assert "cannot be read" in looking.notes[0]
    assert before == files(tmp_path)


def test_broken_recordings_are_said_once_and_count_as_empty(tmp_path):
    """With file and line."""
    path = tmp_path / "recordings.jsonl"
    path.write_text("no json\n", encoding="utf-8")
    looking = Looking(tmp_path / "none.db")

    assert [False] * 3 == looked(looking, path)
    assert 1 == len(looking.notes)
    assert "recordings.jsonl line 1 is broken" in looking.notes[0]


def test_what_is_damaged_is_not_there_and_is_counted(stored):
    """A line and a row: in a forecast as in a run, each once however often it is looked at."""
    folder, cache = stored
    cache.close()
    path = folder / "recordings.jsonl"
    path.write_text(path.read_text().replace('"text": "x"', '"text": "y"'))
    with closing(sqlite3.connect(folder / "cache" / "llmeval.db")) as connection:
        connection.execute("UPDATE responses SET recorded_at = '2020'")
        connection.commit()

    looking = Looking(folder / "cache" / "llmeval.db")
    found = [looked(looking, path) for _ in range(2)]
    looking.close()

    assert [[False] * 3] * 2 == found
    (note,) = looking.notes
    assert "2 stored answers are damaged and counted as not there" in note
    assert "recordings.jsonl line 1" in note

"""Two caches as one: recordings before the working cache. The real ones, in a real folder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.calls.cache import Layered
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache


def response(question="Hi", text="Hello", recorded_at="2026-01-01T00:00:00.000000Z"):
    """A live response, as the engine completes it."""
    request = Request(model="openai/a", messages=({"role": "user", "content": question},), trial=0)
    key = cache_key(request)
    return Response(text=text, request=request, recorded_at=recorded_at, key=key, origin=origin(key, text, recorded_at))


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """Recordings of a module, in the working folder."""
    monkeypatch.chdir(tmp_path)
    return Recordings(tmp_path / "recordings" / "test_a.jsonl", on_first_write=lambda sentence: None)


@pytest.fixture
def working(tmp_path):
    """The working cache."""
    cache = SqliteCache(tmp_path / ".llmeval" / "llmeval.db")
    yield cache
    cache.close()


def test_an_answer_is_stored_in_every_layer(recordings, working):
    """In git for the team, in SQLite for the next run."""
    Layered(recordings, working).put(response())
    assert [
        recordings.get(response().key, response().request).text,
        working.get(response().key, response().request).text,
    ] == ["Hello", "Hello"]


def test_the_recordings_win_over_the_working_cache(recordings, working):
    """What stands in git is what the team agreed on."""
    recordings.put(response(text="in git"))
    working.put(response(text="newer", recorded_at="2026-02-01T00:00:00.000000Z"))
    assert Layered(recordings, working).get(response().key, response().request).text == "in git"


def test_an_answer_found_below_fills_the_recordings_with_its_origin(recordings, working):
    """It was paid for once, and stays the same draw."""
    working.put(response())
    Layered(recordings, working, fills=True).get(response().key, response().request)
    assert recordings.get(response().key, response().request).origin == response().origin


def test_without_fills_nothing_is_written(recordings, working, tmp_path):
    """Replay leaves no trace."""
    working.put(response())
    assert Layered(recordings, working).get(response().key, response().request).text == "Hello"
    assert not (tmp_path / "recordings").exists()


def test_all_layers_are_named_the_counted_one_last(recordings, working):
    """The middle of a miss's message."""
    Layered(recordings, working).put(response())
    described = Layered(recordings, working).describe()
    assert described == ".llmeval/llmeval.db and recordings/test_a.jsonl (1 response)"


def test_the_nearest_of_all_layers_is_found(recordings, working):
    """The nearer one may stand in the lower layer."""
    recordings.put(response("another question"))
    working.put(response("Hi"))
    asked = replace(response("Hi").request, settings={"seed": 1})
    assert Layered(recordings, working).nearest(asked) == response("Hi").request

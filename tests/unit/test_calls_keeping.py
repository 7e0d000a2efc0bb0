"""What was paid for is stored, or waits for room; while it waits, nothing more is bought."""

from __future__ import annotations

import pytest

from pytest_llmeval.calls.cache import Layered, Mode
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.calls.keeping import Keeping
from pytest_llmeval.errors import StoreError
from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import Request
from pytest_llmeval.store import room
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache


@pytest.fixture
def loopback():
    """An echo model."""
    with Loopback() as server:
        yield server


class Disk:
    """Recordings whose file can be put out of reach: a dangling link then stands where it should."""

    def __init__(self, folder):
        self.path = folder / "test_a.jsonl"
        self.recordings = Recordings(self.path, on_first_write=lambda sentence: None)
        folder.mkdir()

    def fill(self):
        """Let no write succeed."""
        self.path.symlink_to(self.path.parent / "gone" / "test_a.jsonl")

    def clear(self):
        """Let every write succeed."""
        self.path.unlink()


@pytest.fixture
def disk(tmp_path):
    """With room on it."""
    return Disk(tmp_path / "recordings")


@pytest.fixture
def told():
    """What was told of answers that could not be stored: key, and whether it was stored after all."""
    return []


@pytest.fixture
def ask(disk, loopback, told):
    """Ask through an engine that stores on the disk."""
    engine = Engine(
        disk.recordings, Mode.AUTO, on_unstored=lambda response, error: told.append((response.text, error is None))
    )

    def ask(question):
        return engine.ask(
            Request(
                model="openai/m",
                messages=({"role": "user", "content": question},),
                settings={},
                api_base=loopback.url,
                trial=0,
            )
        ).text

    yield ask
    engine.close()


def test_an_answer_that_cannot_be_stored_is_given_and_told(ask, disk, told):
    """It was paid for, so it is scored."""
    disk.fill()

    assert "one" == ask("one")
    assert [("one", False)] == told


def test_nothing_more_is_bought_while_an_answer_waits(ask, disk, loopback):
    """The next call is refused before it is sent, and says why."""
    disk.fill()
    ask("one")

    with pytest.raises(StoreError, match="the request was not sent: an answer before it could not be stored") as caught:
        ask("two")

    assert "test_a.jsonl" in caught.value.found
    assert 1 == len(loopback.requests)


def test_what_waits_is_stored_as_soon_as_there_is_room(ask, disk, told, loopback):
    """Before the next call is sent; neither is asked again."""
    disk.fill()
    ask("one")
    disk.clear()

    assert ["two", "one", "two"] == [ask("two"), ask("one"), ask("two")]
    assert [("one", False), ("one", True)] == told
    assert 2 == len(loopback.requests)


def test_where_nobody_listens_it_is_an_error(disk, loopback):
    """No answer is dropped in silence."""
    disk.fill()
    engine = Engine(disk.recordings, Mode.AUTO)
    request = Request(model="openai/m", messages=({"role": "user", "content": "Hi"},), api_base=loopback.url, trial=0)
    try:
        with pytest.raises(StoreError, match="could not be recorded"):
            engine.ask(request)
    finally:
        engine.close()


def test_a_layer_that_fails_takes_nothing_from_another(disk, loopback, tmp_path):
    """The recordings get the answer although the working cache has no place."""
    (tmp_path / ".llmeval").write_text("a file where the folder should be")
    layers = Layered(disk.recordings, SqliteCache(tmp_path / ".llmeval" / "llmeval.db"))
    engine = Engine(layers, Mode.REFRESH, on_unstored=lambda response, error: None)
    request = Request(model="openai/m", messages=({"role": "user", "content": "Hi"},), api_base=loopback.url, trial=0)
    try:
        assert "Hi" == engine.ask(request).text
    finally:
        engine.close()
    assert "(1 response)" in disk.recordings.describe()


def test_a_folder_without_room_is_found_before_the_first_call(tmp_path):
    """Once, with the folder's name; what was written to try it is gone."""
    (tmp_path / "full").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"no result could be stored in .*, so nothing is asked"):
        Keeping(lambda: room.prove(tmp_path / "full")).prepare()

    Keeping(lambda: room.prove(tmp_path / "free")).prepare()

    assert [".gitignore"] == [path.name for path in (tmp_path / "free").iterdir()]

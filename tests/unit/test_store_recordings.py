"""Recordings in git: stable lines, any order, nothing lost, nothing secret."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import pytest_llmeval
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.errors import StoreError
from pytest_llmeval.records import Outcome, Provenance, Request, Response
from pytest_llmeval.store.recordings import Recordings

APPEND = """
import sys
from pathlib import Path
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response
from pytest_llmeval.store.recordings import Recordings

path, name, n, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
recordings = Recordings(path, on_first_write=lambda sentence: None)
for i in range(n):
    request = Request(model=f"openai/{name}-{i}", messages=())
    key, text = cache_key(request), name * size
    recordings.put(Response(text=text, request=request, key=key, recorded_at="2026", origin=origin(key, text, "2026")))
    print(key, flush=True)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pytest_llmeval.__file__).parents[1])}


def response(question="Hi", text="Hello", recorded_at="2026-01-01T00:00:00.000000Z", **fields):
    """A live response, as the engine completes it."""
    request = Request(
        model="openai/a",
        messages=({"role": "user", "content": question},),
        settings={"temperature": 0.7},
        api_base="http://127.0.0.1:1/v1",
        namespace="team",
        trial=2,
        repeat=1,
    )
    key = cache_key(request)
    return Response(
        text=text, request=request, recorded_at=recorded_at, key=key, origin=origin(key, text, recorded_at), **fields
    )


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where the recordings of a module stand, seen from the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "recordings" / "test_a.jsonl"


def opened(path):
    """Recordings as a new process would open them."""
    return Recordings(path, on_first_write=lambda sentence: None)


def test_a_response_comes_back_whole_from_another_process(path):
    """Every field, as replayed."""
    whole = response(
        outcome=Outcome.TRUNCATED,
        model="a-2026",
        fingerprint="fp",
        n_input_tokens=3,
        n_output_tokens=4,
        latency_s=0.123,
        cost_usd=1e-6,
    )
    opened(path).put(whole)
    assert opened(path).get(whole.key, whole.request) == replace(whole, provenance=Provenance.REPLAYED)


def test_what_is_stored_is_an_allow_list(path):
    """A field that is not here is never on disk (FAULTS 23); bytes are stable, latency is in whole milliseconds."""
    opened(path).put(response("é\u2028", latency_s=0.12345))
    line = path.read_bytes()
    expected = {
        "v": 1,
        "key": response("é\u2028").key,
        "origin": response("é\u2028").origin,
        "recorded_at": "2026-01-01T00:00:00.000000Z",
        "request": {
            "model": "openai/a",
            "messages": [{"role": "user", "content": "é\u2028"}],
            "settings": {"temperature": 0.7},
            "api_base": "http://127.0.0.1:1/v1",
            "namespace": "team",
            "trial": 2,
            "repeat": 1,
        },
        "response": {
            "text": "Hello",
            "outcome": "ok",
            "model": "",
            "fingerprint": "",
            "n_input_tokens": None,
            "n_output_tokens": None,
            "latency_s": 0.123,
            "cost_usd": None,
        },
    }
    assert line == json.dumps(expected, sort_keys=True, ensure_ascii=True).encode("ascii") + b"\n"


def test_the_newest_recording_wins_in_any_order_of_lines(path):
    """A union merge may put lines in any order, and twice."""
    old, new = response(text="old"), response(text="new", recorded_at="2026-01-02T00:00:00.000000Z")
    for one in (old, new):
        opened(path).put(one)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*reversed(lines), b"\n", *lines]))
    assert opened(path).get(old.key, old.request).text == "new"
    assert opened(path).describe() == "recordings/test_a.jsonl (1 response)"


def test_the_same_draw_is_written_once(path):
    """Filling from the working cache does not double lines."""
    for recordings in (opened(path), opened(path)):
        recordings.put(response())
        recordings.put(response())
    assert len(path.read_bytes().splitlines()) == 1


def test_what_another_process_appends_is_found(path):
    """Workers record the same module."""
    mine, other = opened(path), opened(path)
    mine.put(response("mine"))
    assert other.get(response("mine").key, response("mine").request) is not None
    other.put(response("other"))
    assert mine.get(response("other").key, response("other").request).text == "Hello"


def test_a_file_that_was_replaced_by_a_shorter_one_is_read_anew(path):
    """Git may check another branch out while a session is open."""
    recordings = opened(path)
    for question in ("one", "two", "three"):
        recordings.put(response(question))
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[2])
    assert recordings.get(response("four").key, response("four").request) is None
    assert recordings.get(response("one").key, response("one").request) is None
    assert recordings.get(response("three").key, response("three").request) is not None


def test_a_line_whose_text_was_edited_is_a_miss_and_counted(path):
    """Nobody can mend an answer by hand (FAULTS 11); an older whole one stands in."""
    opened(path).put(response(text="older"))
    opened(path).put(response(text="newer", recorded_at="2026-01-02T00:00:00.000000Z"))
    path.write_bytes(path.read_bytes().replace(b"newer", b"nicer"))
    recordings = opened(path)
    assert (recordings.get(response().key, response().request).text, recordings.n_damaged) == ("older", 1)


def test_a_line_of_another_key_version_is_found_under_todays_key(path):
    """Recordings outlive a change of the key."""
    whole = response()
    opened(path).put(replace(whole, key="old", origin=origin("old", whole.text, whole.recorded_at)))
    path.write_bytes(path.read_bytes().replace(b'"v": 1', b'"v": 0'))
    assert opened(path).get(whole.key, whole.request).text == "Hello"


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (b"<<<<<<< HEAD\n", "a conflict marker: b'<<<<<<< HEAD'"),
        (b"=======\n", "a conflict marker"),
        (b"{\n", "in b'{'"),
        (b"[]\n", "wrong type"),
        (b"5\n", "wrong type"),
        (b"{}\n", "no field 'request'"),
        (b"\xff\n", "can't decode"),
        (b'{"v": NaN}\n', "NaN is no JSON"),
    ],
)
def test_a_broken_line_is_an_error_with_file_and_line(path, broken, kind):
    """Never a silent miss: a miss may be asked, and paid for."""
    opened(path).put(response())
    path.write_bytes(path.read_bytes() + broken)
    with pytest.raises(StoreError, match=r"recordings/test_a\.jsonl line 2 is broken") as caught:
        opened(path).check()
    assert kind in caught.value.found


@pytest.mark.parametrize("field", ["text", "outcome", "latency_s"])
def test_a_field_of_the_wrong_type_is_a_broken_line(path, field):
    """What is read is checked, not believed."""
    opened(path).put(response())
    record = json.loads(path.read_bytes())
    record["response"][field] = {}
    path.write_bytes(json.dumps(record).encode() + b"\n")
    with pytest.raises(StoreError, match="line 1 is broken"):
        opened(path).check()


def test_a_line_that_a_kill_cut_off_is_not_there_and_is_taken_off_by_the_next(path):
    """The lines before it stay, byte for byte."""
    opened(path).put(response("one"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    recordings = opened(path)
    assert recordings.get(response("one").key, response("one").request) is not None
    recordings.put(response("two"))
    assert path.read_bytes().startswith(whole)
    assert opened(path).describe() == "recordings/test_a.jsonl (2 responses)"


def test_a_last_line_without_its_end_is_kept(path):
    """Editors take it away."""
    opened(path).put(response("one"))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    opened(path).put(response("two"))
    assert opened(path).describe() == "recordings/test_a.jsonl (2 responses)"


def test_four_processes_append_without_losing_a_line(path):
    """Long lines, so that writes would interleave without the lock."""
    arguments = ["50", "20000"]
    writers = [
        subprocess.Popen(  # noqa: S603  (our own script)
            [sys.executable, "-c", APPEND, str(path), name, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE
        )
        for name in "abcd"
    ]
    keys = [key for writer in writers for key in writer.communicate()[0].decode().split()]
    recordings = opened(path)
    assert len(keys) == 200
    assert [key for key in keys if recordings.get(key, response().request) is None] == []


@pytest.mark.parametrize("n_seen", [1, 7, 20])
def test_what_was_recorded_before_a_kill_is_there_after_it(path, n_seen):
    """SIGKILL in mid-run: no answer that was given to a test is lost, and the file is whole (FAULTS 1)."""
    with subprocess.Popen(  # noqa: S603  (our own script)
        [sys.executable, "-c", APPEND, str(path), "a", "100000", "200000"], env=ENVIRONMENT, stdout=subprocess.PIPE
    ) as writer:
        keys = [writer.stdout.readline().decode().strip() for _ in range(n_seen)]
        writer.send_signal(signal.SIGKILL)
        keys += writer.communicate()[0].decode().split()
    recordings = opened(path)
    assert [key for key in keys if recordings.get(key, response().request) is None] == []
    recordings.put(response())
    assert opened(path).get(response().key, response().request).text == "Hello"


def test_a_full_disk_leaves_the_file_as_it_was(path):
    """A process may write no more than 4,000 bytes: the limit stands for a full disk."""
    opened(path).put(response("one"))
    whole = path.read_bytes()
    script = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000));" + APPEND
    )
    done = subprocess.run(  # noqa: S603  (our own script)
        [sys.executable, "-c", script, str(path), "a", "1", "9000"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StoreError: the answer could not be recorded in" in done.stderr
    assert path.read_bytes() == whole


def test_a_path_that_cannot_be_written_is_a_named_error(path):
    """A dangling link stands where the file should be: to root, every ordinary file is writable."""
    path.parent.mkdir()
    path.symlink_to(path.parent / "gone" / "test_a.jsonl")
    with pytest.raises(StoreError, match=r"could not be recorded in recordings/test_a\.jsonl"):
        opened(path).put(response())


def test_a_path_that_cannot_be_read_is_a_named_error(path):
    """A folder stands where the file should be."""
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"recordings/test_a\.jsonl cannot be read"):
        opened(path).check()


def test_the_first_write_says_once_what_is_stored_and_where(path):
    """Nobody commits prompts without having been told."""
    told = []
    recordings = Recordings(path, on_first_write=told.append)
    recordings.put(response("one"))
    recordings.put(response("two"))
    expected = (
        "recording prompts, settings and answers (no keys, no headers) in recordings/test_a.jsonl: "
        "made for git, so read it before you commit it"
    )
    assert told == [expected]


def test_a_look_writes_nothing(path, tmp_path):
    """Neither file nor folder."""
    recordings = opened(path)
    assert (recordings.get("key", response().request), recordings.nearest(response().request)) == (None, None)
    assert recordings.describe() == "recordings/test_a.jsonl (0 responses)"
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_an_ordinary_file_of_the_repository(path):
    """Unlike the private working cache, it is read by the whole team."""
    opened(path).put(response())
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600
    assert not path.is_symlink()

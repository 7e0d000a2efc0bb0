"""How providers fail, and what becomes of it (FAULTS 14 to 18, 23): real sockets, a server that misbehaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pytest_llmeval.calls import retries
from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.client import Client
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.errors import ProviderError, UsageError
from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.records import Outcome
from pytest_llmeval.store.recordings import Recordings

CANARY = "sk-canary-0123456789abcdef"
NOW = {"Retry-After": "0"}


@pytest.fixture
def loopback():
    """An echo model that can misbehave."""
    with Loopback() as server:
        yield server


@pytest.fixture
def llm(loopback, tmp_path, monkeypatch):
    """Ask with a short timeout, without pauses between attempts, and with a key that must be seen nowhere."""
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    recordings = Recordings(tmp_path / "recordings" / "test_a.jsonl", on_first_write=lambda sentence: None)
    engine = Engine(recordings, Mode.AUTO, timeout_s=1.0)
    yield Client(ask=engine.ask, model="openai/a", api_base=loopback.url, trial=0, on_response=lambda response: None)
    engine.close()


@pytest.mark.parametrize(
    "reply",
    [
        Reply("slow down", status=429, headers=NOW),
        Reply("oops", status=500),
        Reply(status=502, body=b"<html>Bad gateway</html>"),
        Reply("overloaded", status=529),
        Reply(is_reset=True),
        Reply("short", headers={"Content-Length": "9999"}),
    ],
    ids=["429", "500", "502-html", "529", "reset", "short-body"],
)
def test_what_may_pass_is_tried_exactly_three_times(llm, loopback, reply):
    """Two failures are survived; three are a provider error, and there is one retry layer only."""
    loopback.answer(reply, reply, "fine")
    assert llm("survived").text == "fine"
    loopback.answer(reply, reply, reply, reply)
    with pytest.raises(ProviderError, match=r"\(model 'openai/a', 3 attempts\)"):
        llm("given up")
    assert len(loopback.requests) == 6


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302])
def test_what_cannot_pass_is_asked_once_and_named(llm, loopback, status):
    """The error names provider, model and status, and what the provider said."""
    loopback.answer(Reply("no such thing", status=status, headers={"Location": loopback.url}))
    with pytest.raises(ProviderError) as caught:
        llm("Hi")
    host = loopback.url.removeprefix("http://").removesuffix("/v1")
    first, second, _ = str(caught.value).splitlines()
    assert first == f"no answer from {host}: HTTP {status} (model 'openai/a', 1 attempt)"
    assert second == "  it said: 'no such thing'"
    assert len(loopback.requests) == 1


def test_a_used_up_quota_is_a_429_that_no_waiting_helps(llm, loopback):
    """OpenAI tells it from a rate limit by the code only."""
    error = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    loopback.answer(Reply(status=429, body=json.dumps(error).encode(), headers=NOW))
    with pytest.raises(ProviderError, match=r"HTTP 429 \(quota used up\)"):
        llm("Hi")
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("reply", [Reply("late", latency_s=30), Reply("drip", drip_s=0.1)], ids=["hang", "drip"])
def test_a_server_that_never_ends_is_left_within_the_total_timeout(llm, loopback, reply):
    """The fixture's timeout is 1 s; without one this test would hang."""
    loopback.answer(reply)
    with pytest.raises(ProviderError, match=r"no whole reply within 1 s \(model 'openai/a', 1 attempt\)"):
        llm("Hi")


def test_waiting_longer_than_the_timeout_is_not_begun(llm, loopback):
    """A Retry-After of an hour is not slept through, and not ignored either."""
    loopback.answer(Reply("slow down", status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(ProviderError, match="HTTP 429"):
        llm("Hi")
    assert len(loopback.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"error": {"message": "overloaded"}}',
        b'{"choices": [{"message": {"content": "cut',
        b"[" * 100_000,
    ],
)
def test_a_malformed_reply_is_a_provider_error_and_not_stored(llm, loopback, body, tmp_path):
    """An error that comes with status 200 is one, too."""
    loopback.answer(Reply(body=body))
    with pytest.raises(ProviderError, match="1 attempt"):
        llm("Hi")
    assert list(tmp_path.iterdir()) == []


def test_a_huge_reply_is_bounded_in_memory(llm, loopback):
    """No answer is 17 MiB long."""
    loopback.answer(Reply(body=b'"' + b"x" * 17 * 2**20))
    with pytest.raises(ProviderError, match="a reply of more than 16777216 bytes"):
        llm("Hi")


def test_a_long_error_text_is_cut_and_its_control_sequences_are_inert(llm, loopback):
    """What a provider says reaches a terminal and a CI log (FAULTS 25)."""
    loopback.answer(Reply("\x1b[2J\n::error::" + "x" * 5_000, status=400))
    with pytest.raises(ProviderError) as caught:
        llm("Hi")
    assert r"it said: '\x1b[2J\n::error::xx" in caught.value.found
    assert len(caught.value.found) < 350


def test_a_refusal_is_filtered_not_empty(llm, loopback):
    """OpenAI's structured refusals stand in a field of their own."""
    choice = {"message": {"content": None, "refusal": "I can't help with that."}, "finish_reason": "stop"}
    loopback.answer(Reply(body=json.dumps({"choices": [choice]}).encode()))
    response = llm("Hi")
    assert (response.text, response.outcome) == ("I can't help with that.", Outcome.FILTERED)


def test_content_in_parts_is_joined(llm, loopback):
    """Some gateways send a list."""
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]
    loopback.answer(Reply(body=json.dumps({"choices": [{"message": {"content": parts}}]}).encode()))
    assert llm("Hi").text == "Hello"


@pytest.mark.parametrize(
    "counts", [{}, {"usage": None}, {"usage": []}, {"usage": {"prompt_tokens": -1, "completion_tokens": True}}]
)
def test_counts_that_are_no_counts_are_unknown(llm, loopback, counts):
    """None, never a made-up number."""
    loopback.answer(Reply(body=json.dumps({"choices": [{"message": {"content": "Hello"}}], **counts}).encode()))
    response = llm("Hi")
    assert (response.n_input_tokens, response.n_output_tokens) == (None, None)


def test_the_key_is_sent_and_seen_nowhere_else(llm, loopback, tmp_path):
    """Not in an error text that echoes it, not in a variable of a frame that --showlocals prints, not in a file."""
    llm("stored")
    loopback.answer(Reply(f"Incorrect API key provided: {CANARY}", status=401))
    with pytest.raises(ProviderError) as caught:
        llm("refused")
    assert [received.has_key for received in loopback.requests] == [True, True]
    assert "Incorrect API key provided: ***" in str(caught.value)
    frames, trace = [], caught.value.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename != __file__:
            frames.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    assert CANARY not in "".join(frames)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if CANARY.encode() in path.read_bytes()] == []
    assert files


def test_without_a_key_no_header_is_sent(llm, loopback, monkeypatch):
    """A local server wants none."""
    monkeypatch.delenv("OPENAI_API_KEY")
    llm("Hi")
    assert [received.has_key for received in loopback.requests] == [False]


def test_openai_itself_without_a_key_is_a_usage_error_before_any_connection(llm, monkeypatch):
    """Not a 401 out of the network."""
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match="no key for model 'openai/a'"):
        llm("Hi", api_base="")


def test_a_key_with_a_line_break_is_refused_without_showing_it(llm, monkeypatch):
    """It would be a header of its own."""
    monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}\nX-Other: 1")
    with pytest.raises(UsageError, match="OPENAI_API_KEY cannot be sent") as caught:
        llm("Hi")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "low_s", "high_s"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("-3", 0, 0),
        ("3600", 30, 30),
        ("nan", 0, 0),
        (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), 30, 30),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), 0, 0),
        ("", 0.25, 0.5),
        ("soon", 0.25, 0.5),
    ],
    # Not by their values: two workers of xdist that collect a second apart would not agree on a time of day.
    ids=["seconds", "half", "negative", "hour", "nan", "date to come", "date gone by", "empty", "words"],
)
def test_the_first_pause_is_what_the_provider_asks_for_bounded(header, low_s, high_s):
    """Seconds or a date, at most 30 s; without one, half a second with jitter."""
    fault = Fault("HTTP 429", status=429, headers={"retry-after": header})
    assert low_s <= retries.pause_s(fault, 1, 7200) <= high_s

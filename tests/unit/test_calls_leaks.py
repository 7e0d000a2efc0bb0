"""A key is neither sent nor stored, wherever it stands; a word is no key, whatever its variable is called."""

from __future__ import annotations

import os
import threading

import pytest

from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.calls.leaks import key_values, refuse_keys, without_keys
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Request, Response

KEY = "sk-canary-0123456789abcdef"
MESSAGE = {"role": "user", "content": "Hi"}
CLEAN = Request(model="openai/m", messages=(MESSAGE,), settings={"temperature": 0.5}, trial=0)


@pytest.fixture(autouse=True)
def key(monkeypatch):
    """In the environment, as it should be."""
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": ({**MESSAGE, "content": f"my key is {KEY}."},)},
        {"messages": ({"role": "user", "content": [{"type": "text", "text": KEY}]},)},
        {"messages": ({**MESSAGE, "name": KEY},)},
        {"settings": {"stop": [KEY]}},
        {"settings": {"extra_body": {"labels": {KEY: 1}}}},
        {"model": f"openai/{KEY}"},
        {"api_base": f"http://127.0.0.1:1/{KEY}/v1"},
        {"namespace": KEY},
    ],
    ids=["message", "part", "name", "setting", "extra body", "model", "api_base", "namespace"],
)
@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.REPLAY, Mode.REFRESH, Mode.LIVE])
def test_a_request_with_a_key_in_it_is_refused_before_it_is_sent(fields, mode, tmp_path):
    """The variable is named, and its value is not; nothing is asked, so no server is needed."""
    from pytest_llmeval.store.sqlite import SqliteCache

    request = Request(**({"model": "openai/m", "messages": (MESSAGE,), "trial": 0} | fields))
    engine = Engine(SqliteCache(tmp_path / "cache.db"), mode)
    with pytest.raises(UsageError, match="holds the value of OPENAI_API_KEY") as caught:
        engine.begin(request)
    assert KEY not in str(caught.value)
    assert [] == list(tmp_path.iterdir())


def test_a_request_without_one_passes():
    """Nothing is changed in it."""
    assert refuse_keys(CLEAN) is None


def test_an_answer_that_repeats_a_key_loses_it():
    """In the text, and in what the provider calls its model."""
    said = Response(text=f"You sent {KEY}, {KEY}.", request=CLEAN, model=f"m-{KEY}", fingerprint=KEY)
    cleaned = without_keys(said)
    assert ("You sent ***, ***.", "m-***", "***") == (cleaned.text, cleaned.model, cleaned.fingerprint)


def test_an_answer_without_one_is_the_same_object():
    """Nothing is copied."""
    said = Response(text="Within 14 days.", request=CLEAN)
    assert without_keys(said) is said


@pytest.mark.parametrize(
    ("name", "value", "is_key"),
    [
        ("OPENAI_API_KEY", KEY, True),
        ("GATEWAY_TOKEN", "0123456789abcdef", True),
        ("SMTP_PASSWORD", "correct-horse-42-battery", True),
        ("POSTGRES_PASSWORD", "postgres", False),
        ("OPENAI_API_KEY", "unused", False),
        ("SSH_KEY", "a key with 16 blanks in it", False),
        ("MONKEY", "abcdefghijklmnopqrst", False),
        ("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1", False),
    ],
)
def test_what_looks_like_a_key_is_one(monkeypatch, name, value, is_key):
    """By name and by value: an answer that speaks of postgres is the same on every machine."""
    monkeypatch.setenv(name, value)
    assert is_key is (value in key_values().values())


def test_a_longer_key_goes_before_one_that_it_holds(monkeypatch):
    """Else the rest of it would stay."""
    monkeypatch.setenv("OTHER_API_KEY", KEY + "-and-more")
    assert "***" == without_keys(Response(text=f"{KEY}-and-more", request=CLEAN)).text


def test_keys_are_found_while_another_thread_changes_the_environment() -> None:
    """Pytest sets and deletes ``PYTEST_CURRENT_TEST`` around each test, while the engine's thread looks for keys."""
    is_over = threading.Event()

    def change() -> None:
        while not is_over.is_set():
            os.environ["LLMEVAL_COMES_AND_GOES"] = "1"
            del os.environ["LLMEVAL_COMES_AND_GOES"]

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(2000):
            key_values()
    finally:
        is_over.set()
        changing.join()

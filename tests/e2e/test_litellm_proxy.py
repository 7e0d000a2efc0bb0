"""LiteLLM's proxy as the gateway: us, the proxy, the loopback provider; each a real server on a real socket."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from pytest_llmeval.calls import retries
from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.client import Client
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.errors import ProviderError
from pytest_llmeval.gather import session_file
from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.records import Outcome, Request
from tests.e2e.gateway import KEY, UPSTREAM_KEY, gateway


def _has_proxy():
    # A submodule cannot be looked for where its package is missing.
    return importlib.util.find_spec("litellm") is not None and importlib.util.find_spec("litellm.proxy") is not None


pytestmark = [
    pytest.mark.proxy,
    pytest.mark.skipif(not _has_proxy(), reason="litellm[proxy] is not installed"),
]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """The provider and the proxy before it; the proxy takes seconds to start."""
    with Loopback() as loopback, gateway(loopback.url, tmp_path_factory.mktemp("gateway")) as url:
        yield SimpleNamespace(loopback=loopback, url=url)


@pytest.fixture
def loopback(servers):
    """The provider, with nothing on it from the test before."""
    servers.loopback.requests.clear()
    return servers.loopback


@pytest.fixture
def llm(servers, loopback, monkeypatch):
    """Ask through the proxy, without pauses of our own choice between attempts."""
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    engine = Engine(None, Mode.LIVE, timeout_s=20.0)
    yield Client(
        ask=engine.ask, model="openai/support", api_base=servers.url, trial=0, on_response=lambda response: None
    )
    engine.close()


def test_an_answer_comes_through_with_its_tokens(llm, loopback):
    """The provider is asked once, for the model that the gateway knows by this name, with the gateway's key for it."""
    answer = llm("Hello there", system="Be kind.", temperature=0.5)

    assert ("Hello there", Outcome.OK, 4, 2) == (
        answer.text,
        answer.outcome,
        answer.n_input_tokens,
        answer.n_output_tokens,
    )
    (received,) = loopback.requests
    assert ("any", 0.5, True) == (received.body["model"], received.body["temperature"], received.has_key)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply("cut", finish_reason="length"), Outcome.TRUNCATED),
        (Reply("no", finish_reason="content_filter"), Outcome.FILTERED),
        (Reply(""), Outcome.EMPTY),
    ],
    ids=["truncated", "filtered", "empty"],
)
def test_how_an_answer_ended_comes_through(llm, loopback, reply, outcome):
    """An outcome is not lost on the way."""
    loopback.answer(reply)
    assert outcome is llm("Hi").outcome


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_an_error_that_cannot_pass_is_one_call(llm, loopback, status):
    """With the status, and what the provider said; neither we nor the gateway try again."""
    loopback.answer(Reply("no such thing", status=status))

    with pytest.raises(ProviderError, match=rf"HTTP {status} \(model 'openai/support', 1 attempt\)") as caught:
        llm("Hi")

    assert "no such thing" in caught.value.found
    assert 1 == len(loopback.requests)


@pytest.mark.parametrize(
    "reply",
    [Reply("oops", status=500), Reply("overloaded", status=503), Reply(is_reset=True), Reply(body=b"<html>")],
    ids=["500", "503", "reset", "malformed"],
)
def test_what_may_pass_is_tried_three_times_and_not_nine(llm, loopback, reply):
    """Two layers that try three times each would be nine; a reset, and a reply that is none, are the gateway's 500."""
    loopback.answer(*[reply] * 3)

    with pytest.raises(ProviderError, match="3 attempts"):
        llm("Hi")

    assert 3 == len(loopback.requests)


def test_a_rate_limit_is_waited_for_and_survived(llm, loopback):
    """429 is tried again."""
    loopback.answer(Reply("slow down", status=429, headers={"Retry-After": "0"}), "fine")
    assert "fine" == llm("Hi").text
    assert 2 == len(loopback.requests)


def test_the_providers_retry_after_is_obeyed_through_the_gateway(llm, loopback):
    """The proxy hands it on as ``llm_provider-retry-after``: an hour is more than a call has, so no other follows."""
    loopback.answer(Reply("slow down", status=429, headers={"Retry-After": "3600"}))

    with pytest.raises(ProviderError, match="it asks to wait 3600 s") as caught:
        llm("Hi")

    assert "HTTP 429" in caught.value.what
    assert 1 == len(loopback.requests)


def test_a_gateway_that_refuses_the_key_is_named(llm, loopback, monkeypatch):
    """Without a database it says 400 where one would expect 401; the provider hears nothing."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")

    with pytest.raises(ProviderError, match=r"HTTP 40[01]"):
        llm("Hi")

    assert [] == loopback.requests


def test_what_a_call_cost_stands_in_a_header(servers, loopback):
    """Prices of a gateway are its own: two tokens in at 0.001, two out at 0.002."""
    from pytest_llmeval.calls.providers.direct import Direct

    async def ask():
        provider = Direct(concurrency=1)
        try:
            request = Request(
                model="openai/support", messages=({"role": "user", "content": "two words"},), api_base=servers.url
            )
            return await provider.complete(request, authorization=f"Bearer {KEY}", timeout_s=20.0)
        finally:
            await provider.close()

    assert 0.006 == pytest.approx(float(asyncio.run(ask()).headers["x-litellm-response-cost"]))


SUITE = """
import os
import httpx
import pytest
from pytest_llmeval import assert_score

def test_llm(llm):
    assert_score("n", len(llm("Where is my parcel?").text) > 0)

@pytest.mark.llmeval(intercept=True)
def test_app(llmeval_intercept):
    body = {"model": "support", "stream": True, "messages": [{"role": "user", "content": "three words streamed"}]}
    headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    with httpx.stream("POST", os.environ["GATEWAY"] + "/chat/completions", json=body, headers=headers) as reply:
        assert sum(line.startswith("data: {") for line in reply.iter_lines()) >= 3
    assert ["three words streamed"] == [call.text for call in llmeval_intercept.calls]
"""


def _run(folder, url, *args):
    environment = {**os.environ, "OPENAI_API_KEY": KEY, "GATEWAY": url}
    command = [sys.executable, "-m", "pytest", "-q", "-vv", "--showlocals", "-p", "no:cacheprovider", *args]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def test_a_suite_is_recorded_through_the_gateway_and_replayed_without_it(servers, loopback, tmp_path):
    """``llm`` and a stream of the application's own; no key of either server is in a file or an output."""
    ini = f"llmeval_model = openai/support\nllmeval_api_base = {servers.url}\nllmeval_intercept_hosts = {servers.url}"
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    (tmp_path / "test_suite.py").write_text(SUITE)

    live = _run(tmp_path, servers.url)
    n_asked = len(loopback.requests)
    replayed = _run(tmp_path, servers.url, "--llmeval-cache=replay")

    assert (0, 0) == (live.returncode, replayed.returncode), live.stdout + replayed.stdout
    assert 2 == n_asked == len(loopback.requests)
    session = session_file.read(tmp_path / ".llmeval" / "session.jsonl")
    calls = [call for result in session.results for trial in result.trials for call in trial.calls]
    assert {"Where is my parcel?", "three words streamed"} == {call.text for call in calls}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    said = live.stdout + live.stderr + replayed.stdout + replayed.stderr
    for key in (KEY, UPSTREAM_KEY):
        assert key not in said
        assert [] == [path.name for path in files if key.encode() in path.read_bytes()]

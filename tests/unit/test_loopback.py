"""The loopback provider keeps what it promises to the tests of others: spoken to with nothing but http.client."""

from __future__ import annotations

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from pytest_llmeval.loopback import Loopback, Received, Reply


@pytest.fixture
def loopback():
    """An echo model."""
    with Loopback() as server:
        yield server


def post(loopback, question="Hi", *, path="/chat/completions", headers=None, timeout_s=10):
    """Ask once; return status, headers and body as they came."""
    address = urlsplit(loopback.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout_s)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": question}]})
    try:
        connection.request("POST", address.path + path, body, headers or {})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def text(reply):
    """The answer in a reply."""
    return json.loads(reply[2])["choices"][0]["message"]["content"]


def test_by_default_it_echoes_the_last_message(loopback):
    """A model that is always there."""
    assert text(post(loopback, "Hello")) == "Hello"


def test_scripted_replies_come_once_each_and_then_the_model_again(loopback):
    """Text or Reply."""
    loopback.answer("one", Reply("two"))
    assert [text(post(loopback, "echo")) for _ in range(3)] == ["one", "two", "echo"]


def test_a_model_is_a_function_of_the_request():
    """Its text or Reply is the answer."""
    with Loopback(lambda body: f"{body['model']}: {len(body['messages'])}") as loopback:
        assert text(post(loopback)) == "m: 1"


def test_requests_are_kept_without_the_key(loopback):
    """Only whether one came."""
    post(loopback, headers={"Authorization": "Bearer sk-canary"})
    post(loopback)
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    assert loopback.requests == [Received(body=body, has_key=True), Received(body=body, has_key=False)]
    assert "canary" not in repr(loopback.requests)


def test_a_completion_has_the_form_of_openais(loopback):
    """Counts are words; the reason to end is the script's."""
    loopback.answer(Reply("two words", finish_reason="length"))
    completion = json.loads(post(loopback, "three words here")[2])
    assert completion["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert completion["choices"][0]["finish_reason"] == "length"


def test_faults_combine(loopback):
    """Status, headers, body and delay in one reply."""
    loopback.answer(Reply(status=503, headers={"Retry-After": "1"}, body=b"<html>", latency_s=0.01))
    status, headers, body = post(loopback)
    assert (status, headers["Retry-After"], body) == (503, "1", b"<html>")


def test_a_status_without_a_body_is_openais_error(loopback):
    """The text is its message."""
    loopback.answer(Reply("slow down", status=429))
    assert json.loads(post(loopback)[2])["error"]["message"] == "slow down"


def test_it_resets_connections(loopback):
    """And answers the next."""
    loopback.answer(Reply(is_reset=True))
    with pytest.raises(ConnectionResetError):
        post(loopback)
    assert text(post(loopback)) == "Hi"


def test_it_cuts_bodies_short(loopback):
    """A promise of more bytes than come."""
    loopback.answer(Reply("short", headers={"Content-Length": "9999"}))
    with pytest.raises(http.client.IncompleteRead):
        post(loopback)


def test_it_hangs_for_a_client_and_not_for_the_end_of_a_test():
    """Leaving the block sets a hanging reply free."""
    with Loopback() as loopback:
        loopback.answer(Reply("late", latency_s=3600))
        with pytest.raises(TimeoutError):
            post(loopback, timeout_s=0.05)


def test_it_drips(loopback):
    """Byte by byte, and whole in the end."""
    loopback.answer(Reply(body=b"abc", drip_s=0.001))
    assert post(loopback)[2] == b"abc"


def test_another_path_is_not_found(loopback):
    """A wrong ``api_base`` is seen as at a real provider."""
    assert post(loopback, path="/edits")[0] == 404


def test_connections_are_answered_side_by_side():
    """Four requests that wait for each other."""
    barrier = threading.Barrier(4)
    with Loopback(lambda body: str(barrier.wait(10) >= 0)) as loopback, ThreadPoolExecutor(4) as pool:
        assert [text(reply) for reply in pool.map(lambda _: post(loopback), range(4))] == ["True"] * 4


def test_a_client_that_gives_up_makes_no_noise(capfd):
    """A test's output is its own; the client leaves while the server still writes."""
    with Loopback() as loopback:
        loopback.answer(Reply("x" * 10_000, drip_s=0.001), Reply(is_reset=True))
        address = urlsplit(loopback.url)
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
        with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=10)) as connection:
            connection.request("POST", "/v1/chat/completions", body)
            with connection.getresponse() as reply:
                assert reply.read(1) == b"{"
        with pytest.raises(ConnectionResetError):
            post(loopback)
        assert text(post(loopback)) == "Hi"
    assert capfd.readouterr() == ("", "")


def ask(loopback, path="/chat/completions", **asked):
    """Ask for a shape; return the reply, or the events of a stream, parsed."""
    address = urlsplit(loopback.url)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}], **asked})
    with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=10)) as connection:
        connection.request("POST", address.path + path, body)
        said = connection.getresponse().read().decode()
    if not asked.get("stream"):
        return json.loads(said)
    return [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: {")]


def test_it_says_as_many_choices_as_are_asked_for(loopback):
    """Those that it was told, and the last again."""
    loopback.answer(Reply("a", others=["b"]), Reply("a", others=["b", "c"]))
    assert ["a", "b", "b"] == [choice["message"]["content"] for choice in ask(loopback, n=3)["choices"]]
    assert ["a", "b"] == [choice["message"]["content"] for choice in ask(loopback, n=2)["choices"]]


def test_it_calls_tools(loopback):
    """Ids go on within a conversation; arguments are sent as they are told."""
    loopback.answer(Reply(None, tool_calls=[("f", {"a": 1})]), Reply("Hm", tool_calls=[("g", "{")]))
    first = ask(loopback)["choices"][0]
    assert ("tool_calls", None) == (first["finish_reason"], first["message"]["content"])
    second = ask(loopback, messages=[first["message"]])["choices"][0]["message"]
    assert ["call_0", "call_1"] == [one["tool_calls"][0]["id"] for one in (first["message"], second)]
    assert ['{"a": 1}', "{"] == [one["tool_calls"][0]["function"]["arguments"] for one in (first["message"], second)]


def test_completions_have_the_older_shape_of_logprobs(loopback):
    """A list a column; streamed word by word, without."""
    loopback.answer("one two", "one two")
    choice = ask(loopback, "/completions", logprobs=1)["choices"][0]
    assert (["one", " two"], [{"one": -0.5}, {" two": -0.5}]) == (
        choice["logprobs"]["tokens"],
        choice["logprobs"]["top_logprobs"],
    )
    texts = [event["choices"][0]["text"] for event in ask(loopback, "/completions", stream=True)]
    assert ["one", " two", ""] == texts


def test_a_question_in_parts_is_echoed_as_text(loopback):
    """An image says nothing."""
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://a/b.png"}}]
    message = {"role": "user", "content": parts}
    assert "What is it?" == ask(loopback, messages=[message])["choices"][0]["message"]["content"]

"""Each way in which the loopback provider fails, as a client with nothing but http.client meets it."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from pytest_llmeval.calls.providers.headers import retry_after_s
from pytest_llmeval.loopback import Loopback, Reply, by_question, echo


@pytest.fixture
def loopback():
    """An echo model."""
    with Loopback() as server:
        yield server


def post(loopback, reply=None, *, path="/chat/completions", question="Hi", timeout_s=10, **body):
    """Ask once; return status, headers and body as they came."""
    if reply is not None:
        loopback.answer(reply)
    address = urlsplit(loopback.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout_s)
    sent = {"model": "m", "messages": [{"role": "user", "content": question}], **body}
    try:
        connection.request("POST", address.path + path, json.dumps(sent))
        received = connection.getresponse()
        return received.status, received.headers, received.read()
    finally:
        connection.close()


def test_a_rate_limit_says_when_to_come_again_in_seconds(loopback):
    """As OpenAI does, with its code."""
    status, headers, body = post(loopback, Reply.rate_limited(retry_after_s=2.5))
    assert (429, "2.5") == (status, headers["Retry-After"])
    assert "rate_limit_exceeded" == json.loads(body)["error"]["code"]


def test_a_rate_limit_says_when_to_come_again_as_a_date(loopback):
    """RFC 9110 allows either."""
    _, headers, _ = post(loopback, Reply.rate_limited(retry_after_s=3600, as_date=True))
    wait_s = (parsedate_to_datetime(headers["Retry-After"]) - datetime.now(UTC)).total_seconds()
    assert 3500 < wait_s <= 3600
    assert 3500 < retry_after_s({"retry-after": headers["Retry-After"]}) <= 3600


def test_a_used_up_quota_has_its_code_and_no_time(loopback):
    """Nobody may wait for it."""
    status, headers, body = post(loopback, Reply.quota_used_up())
    assert (429, None, "insufficient_quota") == (status, headers["Retry-After"], json.loads(body)["error"]["code"])


def test_an_error_has_the_form_of_its_interface(loopback):
    """OpenAI's, and Anthropic's own."""
    fault = Reply("overloaded", status=529, code="overloaded_error")
    openai, anthropic = (json.loads(post(loopback, fault, path=path)[2]) for path in ("/responses", "/messages"))
    assert {"message": "overloaded", "type": "server_error", "param": None, "code": "overloaded_error"} == openai[
        "error"
    ]
    assert {"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}} == anthropic


def test_a_reset_comes_before_a_byte(loopback):
    """And the server goes on."""
    with pytest.raises(ConnectionResetError):
        post(loopback, Reply.reset())
    assert 200 == post(loopback)[0]


def test_a_cut_answer_is_half_of_what_was_promised(loopback):
    """The length that was promised is the right one, so a client can tell."""
    loopback.answer(Reply("A long enough answer to be cut."))
    whole = post(loopback)[2]
    with pytest.raises(http.client.IncompleteRead) as caught:
        post(loopback, Reply.cut("A long enough answer to be cut."))
    assert whole[: len(whole) // 2] == caught.value.partial
    assert len(whole) == len(caught.value.partial) + caught.value.expected


@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/messages", "/completions"])
def test_a_cut_stream_ends_without_its_end(loopback, path):
    """Some events came, and the last one not."""
    whole = post(loopback, Reply("one two three four five six"), path=path, stream=True)[2]
    with pytest.raises(http.client.IncompleteRead) as caught:
        post(loopback, Reply.cut("one two three four five six"), path=path, stream=True)
    assert whole.startswith(caught.value.partial)
    assert 0 < len(caught.value.partial) < len(whole)


def test_a_hanging_reply_sends_nothing_and_does_not_hold_up_the_end(loopback):
    """The fixture ends after the test, at once."""
    with pytest.raises(TimeoutError):
        post(loopback, Reply.hanging(), timeout_s=0.05)


@pytest.mark.parametrize("body", [b"", b"not json", b'{"choices": []}'])
def test_a_malformed_reply_is_sent_as_it_is(loopback, body):
    """With status 200."""
    status, _, got = post(loopback, Reply.malformed(body))
    assert (200, body) == (status, got)


@pytest.mark.parametrize(
    ("reply", "reason", "text"),
    [(Reply.truncated("Within"), "length", "Within"), (Reply.filtered(), "content_filter", None)],
    ids=["truncated", "filtered"],
)
def test_how_an_answer_ended_is_said(loopback, reply, reason, text):
    """In the words of chat completions."""
    choice = json.loads(post(loopback, reply)[2])["choices"][0]
    assert (reason, text) == (choice["finish_reason"], choice["message"]["content"])


def test_a_huge_answer_comes_whole(loopback):
    """It is the client's to bound it."""
    choice = json.loads(post(loopback, Reply.huge(2_000_000))[2])["choices"][0]
    assert 2_000_000 == len(choice["message"]["content"])


def test_a_model_can_be_given_to_a_server_that_runs(loopback):
    """As a test does with the fixture."""
    loopback.model = lambda asked: "of the model"
    first = json.loads(post(loopback)[2])["choices"][0]["message"]["content"]
    loopback.model = echo
    second = json.loads(post(loopback)[2])["choices"][0]["message"]["content"]
    assert ("of the model", "Hi") == (first, second)


def test_answers_by_question_have_no_order(loopback):
    """The first that fits; a Reply or a text; the rest is echoed."""
    loopback.model = by_question({"refund": "Within 14 days.", "": Reply.filtered()})
    assert "Within 14 days." == json.loads(post(loopback, question="A refund?")[2])["choices"][0]["message"]["content"]
    assert "content_filter" == json.loads(post(loopback, question="Hello")[2])["choices"][0]["finish_reason"]

    loopback.model = by_question({"refund": ""})
    assert ["", "Hello"] == [
        json.loads(post(loopback, question=question)[2])["choices"][0]["message"]["content"]
        for question in ("A refund?", "Hello")
    ]

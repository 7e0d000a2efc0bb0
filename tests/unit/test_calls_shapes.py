"""Replies of providers in the shapes that they come in, read into one; and streams, however they are cut."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.calls.providers.chunks import Chunks
from pytest_llmeval.calls.providers.completion import read_completion, read_embeddings
from pytest_llmeval.calls.providers.shapes import tokens, tool_calls
from pytest_llmeval.calls.providers.stream import Streamed
from pytest_llmeval.records import Outcome, Request

REQUEST = Request(model="openai/m", messages=({"role": "user", "content": "Hi"},))
EXPECTED = [["a", -0.5, [["a", -0.5], ["b", -1.5]]], [" c", None, []]]


@pytest.mark.parametrize(
    "said",
    [
        {
            "content": [
                {
                    "token": "a",
                    "logprob": -0.5,
                    "top_logprobs": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}],
                },
                {"token": " c", "logprob": float("-inf")},
            ]
        },
        {"tokens": ["a", " c"], "token_logprobs": [-0.5, None], "top_logprobs": [{"a": -0.5, "b": -1.5}, None]},
        {"tokens": ["a", " c"], "token_logprobs": [-0.5], "top_logprobs": [{"a": -0.5, "b": -1.5}], "text_offset": [0]},
        {"content": None, "tokens": ["a", " c"], "token_logprobs": [-0.5], "top_logprobs": [{"a": -0.5, "b": -1.5}]},
    ],
    ids=["chat", "legacy", "short", "both"],
)
def test_logprobs_of_either_shape_are_one_record(said):
    """That of chat completions, and that of old, which some servers send in chat completions too."""
    assert EXPECTED == tokens(said)


@pytest.mark.parametrize(
    "said", [None, [], "x", {}, {"content": [None, {"token": 1}]}, {"tokens": [1]}, {"content": 3}]
)
def test_logprobs_of_no_shape_are_left_out(said):
    """The answer is one all the same."""
    assert [] == tokens(said)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}, ("1", "f", "{}")),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}, ("", "f", '{"a": 1}')),
        ({"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": None}}]}, ("1", "f", "")),
        ({"tool_calls": [{"id": "1", "type": "custom", "custom": {"name": "f", "input": "x"}}]}, ("1", "f", "x")),
        ({"tool_calls": None, "function_call": {"name": "f", "arguments": "{}"}}, ("", "f", "{}")),
    ],
    ids=["usual", "object", "none", "custom", "function_call"],
)
def test_calls_of_tools_of_any_shape_are_one_record(message, expected):
    """Whoever wrote the server."""
    assert [dict(zip(("id", "name", "arguments"), expected, strict=True))] == tool_calls(message)


@pytest.mark.parametrize("calls", [None, [], [None], [{}], [{"function": {"name": 3}}], "x"])
def test_calls_of_no_shape_are_left_out(calls):
    """Neither an error nor half a record."""
    assert [] == tool_calls({"tool_calls": calls})


@pytest.mark.parametrize(
    ("message", "reason", "outcome"),
    [
        ({"content": None, "tool_calls": [{"function": {"name": "f"}}]}, "tool_calls", Outcome.OK),
        ({"content": "", "tool_calls": [{"function": {"name": "f"}}]}, "length", Outcome.TRUNCATED),
        ({"content": "", "tool_calls": [{"function": {"name": "f"}}]}, "content_filter", Outcome.FILTERED),
        ({"content": "", "tool_calls": [{}]}, "tool_calls", Outcome.EMPTY),
    ],
)
def test_an_answer_that_calls_a_tool_is_not_empty(message, reason, outcome):
    """What the call was cut or filtered for still counts."""
    reply = {"choices": [{"message": message, "finish_reason": reason}]}
    assert outcome is read_completion(reply, REQUEST, 0.0).outcome


@pytest.mark.parametrize(
    "reply",
    [
        {"data": []},
        {"data": [{"embedding": [1.0]}, {"embedding": [1.0]}]},
        {"data": [{"embedding": ["a"]}]},
        {"data": [{"embedding": [float("nan")]}]},
        {"data": [{}]},
        {"data": ["x"]},
        {"error": {"message": "no"}},
        [],
    ],
)
def test_what_is_no_vector_for_every_text_is_the_providers_fault(reply):
    """One text was given."""
    with pytest.raises(Fault):
        read_embeddings(reply, REQUEST, 0.0)


def test_vectors_are_put_in_the_order_of_their_texts():
    """By their index, as numbers or in base64."""
    two = Request(model="openai/m", messages=({"content": "a"}, {"content": "b"}), kind="embeddings")
    reply = {"data": [{"index": 1, "embedding": "AABAQA=="}, {"index": 0, "embedding": [1.0]}]}
    assert ((1.0,), (3.0,)) == read_embeddings(reply, two, 0.0).vectors


def chunk(delta=None, **choice):
    """One chunk of the first choice."""
    return {"choices": [{"index": 0, "delta": delta or {}, **choice}]}


def test_the_first_token_is_not_the_first_chunk():
    """Role and counts are no part of an answer."""
    chunks = Chunks()
    said = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hi"}), {"choices": [], "usage": {}}]
    assert [False, True, False] == [chunks.take(one) for one in said]


@pytest.mark.parametrize("end", [[], [chunk({"content": "Hi"})]], ids=["nothing", "half"])
def test_a_stream_without_an_end_is_no_answer(end):
    """It may be tried again: nobody has seen it."""
    streamed = Streamed(0.0)
    for one in end:
        streamed.take(one)
    with pytest.raises(Fault, match="cut off") as caught:
        streamed.response(REQUEST)
    assert caught.value.may_pass


def test_a_stream_that_says_that_it_is_over_is_whole():
    """Not every server gives a reason."""
    streamed = Streamed(0.0)
    streamed.read(json.dumps(chunk({"content": "Hi"})).encode())
    streamed.read(b"[DONE]")
    assert "Hi" == streamed.response(REQUEST).text


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b'{"choices": 3}', b'{"choices": [{"delta": {"tool_calls": 3}}]}', b"\xff"]
)
def test_an_event_that_is_no_chunk_is_a_fault_and_final(data):
    """Asking again would bring the same."""
    with pytest.raises(Fault, match="malformed stream") as caught:
        Streamed(0.0).read(data)
    assert not caught.value.may_pass


@pytest.mark.parametrize(("code", "may_pass"), [(529, True), (429, True), (400, False), (None, True), ("x", True)])
def test_an_error_within_a_stream_is_taken_by_its_code(code, may_pass):
    """Its status was sent before, and was 200."""
    with pytest.raises(Fault, match="an error within a stream") as caught:
        Streamed(0.0).take({"error": {"message": "no", "code": code}})
    assert may_pass == caught.value.may_pass


def test_parts_of_parts_are_joined_as_well():
    """Some gateways send the content of a message as a list, in a stream too."""
    chunks = Chunks()
    assert chunks.take(chunk({"content": [{"type": "text", "text": "Hi"}, {"type": "thinking"}]}))
    assert not chunks.take(chunk({"content": [{"type": "thinking"}]}, finish_reason="stop"))
    assert "Hi" == read_completion(chunks.reply, REQUEST, 0.0).text


def test_several_parts_of_an_answer_that_come_in_turns_do_not_mix():
    """Two choices, two calls, a refusal, a function of old."""
    chunks = Chunks()
    for delta, index in [
        ({"content": "a"}, 0),
        ({"content": "x"}, 1),
        ({"tool_calls": [{"index": 1, "id": "2", "function": {"name": "g", "arguments": "{"}}]}, 0),
        ({"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}}]}, 0),
        ({"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]}, 0),
        ({"content": "b"}, 0),
        ({"refusal": "N"}, 1),
        ({"refusal": "o"}, 1),
        ({"function_call": {"name": "h", "arguments": "["}}, 2),
        ({"function_call": {"arguments": "]"}}, 2),
    ]:
        assert chunks.take({"choices": [{"index": index, "delta": delta}]})
    assert None is chunks.reply
    chunks.end()
    response = read_completion(chunks.reply, REQUEST, 0.0)
    first, second, third = response.choices
    assert ("ab", [("2", "g", "{}"), ("1", "f", "{}")]) == (
        first.text,
        [(call.id, call.name, call.text) for call in first.tool_calls],
    )
    assert ("x", Outcome.FILTERED) == (second.text, second.outcome)
    assert ("h", "[]") == (third.tool_calls[0].name, third.tool_calls[0].text)
    assert [1, 1] == chunks.pieces

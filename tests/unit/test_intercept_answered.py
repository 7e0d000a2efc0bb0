"""A reply as a provider sends it: what is text, how it ended, what is kept."""

import json

import pytest

from pytest_llmeval.intercept.answered import read
from pytest_llmeval.intercept.streamed import events
from pytest_llmeval.loopback import Reply
from pytest_llmeval.records import Outcome, Request

PATHS = {
    "": "/chat/completions",
    "completions": "/completions",
    "messages": "/messages",
    "responses": "/responses",
    "embeddings": "/embeddings",
}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "How are you?"}]}


def reply(kind, *, is_streamed=False, **more):
    """The body of a reply of the loopback provider."""
    asked = {**ASKED, "stream": is_streamed, "stream_options": {"include_usage": True}}
    return b"".join(Reply(**{"text": "I am\n\nwell.", **more}).parts(PATHS[kind], asked)).decode()


def answer(kind, body, content_type="application/json", *, is_ended=True):
    """Read one."""
    request = Request(model="openai/m", messages=(), kind=kind)
    return read(request, content_type, body, is_ended=is_ended)


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["", "completions", "messages", "responses"])
def test_every_interface_is_read_alike(kind, is_streamed):
    """Text, outcome, model and tokens, streamed or not."""
    content_type = "text/event-stream; charset=utf-8" if is_streamed else "application/json"
    response = answer(kind, reply(kind, is_streamed=is_streamed), content_type)
    found = (response.text, response.outcome, response.model, response.n_input_tokens, response.n_output_tokens)
    assert ("I am\n\nwell.", Outcome.OK, "m", 3, 3) == found


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["", "completions", "messages", "responses"])
def test_an_answer_that_was_cut_says_so(kind, is_streamed):
    """By its limit of length."""
    content_type = "text/event-stream" if is_streamed else "application/json"
    body = reply(kind, is_streamed=is_streamed, finish_reason="length")
    assert Outcome.TRUNCATED is answer(kind, body, content_type).outcome


@pytest.mark.parametrize("kind", ["", "completions", "messages", "responses"])
def test_a_stream_that_breaks_off_is_no_answer(kind):
    """Wherever it does: each of its heads is none."""
    parts = events(reply(kind, is_streamed=True))
    # A chat's last two events add the count and say that it is over; its end was told before.
    n_whole = len(parts) - {"": 2, "completions": 2}.get(kind, 0)
    for n in range(n_whole):
        assert answer(kind, "".join(parts[:n]), "text/event-stream", is_ended=False) is None


def test_events_are_the_body_cut_in_parts():
    """So that what is replayed is what was recorded, with any of the line ends that the standard allows."""
    body = "data: 1\n\n: ping\n\ndata: 2\r\n\r\ndata: 3\r\rrest"
    assert 5 == len(events(body))
    assert body == "".join(events(body))


def test_an_embedding_is_an_answer_without_text():
    """It has tokens of its question only."""
    response = answer("embeddings", reply("embeddings"))
    assert ("", Outcome.OK, 3, 0) == (
        response.text,
        response.outcome,
        response.n_input_tokens,
        response.n_output_tokens,
    )


CALL = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", {"choices": [{"message": {"content": None, "tool_calls": [CALL]}, "finish_reason": "tool_calls"}]}),
        (
            "messages",
            {"type": "message", "content": [{"type": "tool_use"}], "stop_reason": "tool_use", "usage": {}},
        ),
        ("responses", {"status": "completed", "output": [{"type": "function_call"}]}),
    ],
    ids=["chat", "messages", "responses"],
)
def test_a_call_of_a_tool_is_an_answer(kind, body):
    """Although it has no text."""
    assert Outcome.OK is answer(kind, json.dumps(body)).outcome


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["", "messages", "responses"])
@pytest.mark.parametrize("text", ["Let me see.", None], ids=["text", "silent"])
def test_the_tools_that_an_application_calls_are_data(kind, is_streamed, text):
    """Of every interface that has tools, streamed too; text beside them stays text."""
    calls = [("find", {"q": "pens"}), ("now", {})]
    body = reply(kind, is_streamed=is_streamed, text=text, tool_calls=calls)
    found = answer(kind, body, "text/event-stream" if is_streamed else "application/json")
    expected = [(f"call_{place}", name, given) for place, (name, given) in enumerate(calls)]
    assert expected == [(call.id, call.name, call.arguments) for call in found.tool_calls]
    assert (text or "", Outcome.OK) == (found.text, found.outcome)


@pytest.mark.parametrize("kind", ["", "completions", "messages", "responses", "embeddings"])
def test_a_plain_answer_has_nothing_beside_its_text(kind):
    """Its recording stays what it was."""
    assert None is answer(kind, reply(kind)).more


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", '{"error": {"message": "busy"}}'),
        ("", '{"choices": []}'),
        ("", "["),
        ("", "<html>"),
        ("completions", '{"choices": [{}]}'),
        ("messages", '{"type": "error", "error": {"type": "overloaded_error"}}'),
        ("messages", '{"type": "message"}'),
        ("responses", '{"status": "in_progress", "output": []}'),
        ("responses", '{"status": "failed", "output": []}'),
        ("embeddings", '{"data": []}'),
    ],
)
def test_what_is_no_answer_is_not_kept(kind, body):
    """An error with status 200, what is malformed, what is not done yet."""
    assert None is answer(kind, body)


@pytest.mark.parametrize(
    ("kind", "body", "outcome"),
    [
        ("", {"choices": [{"message": {"content": "", "refusal": "No."}}]}, Outcome.FILTERED),
        ("messages", {"type": "message", "content": [], "stop_reason": "refusal", "usage": {}}, Outcome.FILTERED),
        ("messages", {"type": "message", "content": [], "stop_reason": "end_turn", "usage": {}}, Outcome.EMPTY),
        (
            "responses",
            {"status": "incomplete", "output": [], "incomplete_details": {"reason": "content_filter"}},
            Outcome.FILTERED,
        ),
        ("responses", {"status": "completed", "output": [{"type": "reasoning"}]}, Outcome.EMPTY),
    ],
)
def test_filtered_and_empty_answers_are_outcomes_of_their_own(kind, body, outcome):
    """As for ``llm``: they are never stored."""
    assert outcome is answer(kind, json.dumps(body)).outcome

"""Conversations: what was said is sent again, turn by turn, and tools answer before the model goes on."""

from __future__ import annotations

import asyncio

import pytest

from pytest_llmeval.calls.client import Client
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Response

CALL = {"id": "1", "name": "find", "arguments": "{}"}


@pytest.fixture
def llm():
    """A model that counts the messages, and calls a tool when it is told to."""

    def ask(request):
        is_call = request.question == "call" and request.messages[-1]["role"] == "user"
        more = {"tool_calls": [CALL]} if is_call else None
        return Response(text="" if is_call else str(len(request.messages)), request=request, more=more)

    return Client(ask=ask, model="openai/m", trial=0, on_response=lambda response: None)


def test_each_turn_sends_all_that_was_said(llm):
    """Its system prompt, what stood before, both sides."""
    chat = llm.chat(system="Be kind.", messages=[{"role": "user", "content": "Hi"}])
    assert ["2", "4"] == [chat().text, chat("More").text]
    assert ["system", "user", "assistant", "user", "assistant"] == [message["role"] for message in chat.messages]


def test_a_turn_has_the_options_of_its_conversation_and_its_own(llm):
    """The turn's win."""
    chat = llm.chat(model="openai/a", temperature=0.5, seed=1)
    request = chat("Hi", seed=2).request
    assert ("openai/a", {"temperature": 0.5, "seed": 2}) == (request.model, request.settings)


def test_what_was_said_elsewhere_is_part_of_it(llm):
    """Messages, and answers as they are."""
    chat = llm.chat()
    chat.add({"role": "user", "content": "Hi"}, llm("Hi"))
    assert "3" == chat("More").text


def test_the_messages_are_copies(llm):
    """Whoever edits them edits a list of their own."""
    chat = llm.chat()
    chat("Hi")
    chat.messages.clear()
    chat.messages[0]["content"] = "changed"
    assert "Hi" == chat.messages[0]["content"]


def test_it_goes_on_from_the_results_of_tools(llm):
    """Without a word of the user's."""
    chat = llm.chat()
    chat.give(chat("call").tool_calls[0], "nothing")
    assert "3" == chat().text


@pytest.mark.parametrize("prompt", [None, "More"])
def test_a_call_without_its_result_is_told_before_anybody_is_asked(llm, prompt):
    """A provider would say it by a status."""
    chat = llm.chat()
    chat("call")
    with pytest.raises(UsageError, match="before its tools have returned: find") as caught:
        chat(prompt)
    assert 3 == len(str(caught.value).splitlines())
    assert 2 == len(chat.messages)


@pytest.mark.parametrize("first", [(), ("Hi",)])
def test_a_conversation_with_nothing_to_answer_says_so(llm, first):
    """A turn without a word needs a message of somebody else's before it."""
    chat = llm.chat()
    for prompt in first:
        chat(prompt)
    with pytest.raises(UsageError, match="nothing to answer"):
        chat()


def test_a_turn_can_be_awaited(llm):
    """The twin of a call."""
    chat = llm.chat()
    assert "1" == asyncio.run(chat.acall("Hi")).text
    assert "3" == asyncio.run(chat.acall("More")).text


def test_a_turn_that_was_not_answered_was_not_taken(llm):
    """It can be taken again, in other words."""
    chat = llm.chat()
    with pytest.raises(UsageError):
        chat("Hi", api_base="http://[", temperature=float("nan"))
    assert [] == chat.messages


def test_a_picture_can_be_shown_in_a_turn(llm):
    """As in a call."""
    chat = llm.chat()
    chat("What is it?", images=["https://example.com/a.png"])
    assert ["text", "image_url"] == [part["type"] for part in chat.messages[0]["content"]]

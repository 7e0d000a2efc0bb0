"""``llm(...)``: from a call in a test to a Request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from pytest_llmeval.calls.client import Client
from pytest_llmeval.errors import AnswerUnreadable, UsageError
from pytest_llmeval.records import Request, Response


def client(**settings):
    """A client of trial 3 whose model answers with the number of messages."""
    settings = {"model": "openai/a", "trial": 3, "on_response": lambda response: None, **settings}
    return Client(ask=lambda request: Response(text=str(len(request.messages)), request=request), **settings)


def test_a_prompt_becomes_one_user_message_of_the_trial():
    """The plainest call."""
    expected = Request(model="openai/a", messages=({"role": "user", "content": "Hi"},), trial=3)
    assert client()("Hi").request == expected


def test_system_stands_before_all_messages():
    """Also before those of a conversation."""
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    expected = ({"role": "system", "content": "Be kind."}, *turns)
    assert client()(turns, system="Be kind.").request.messages == expected


def test_a_call_wins_over_the_client():
    """Model, endpoint and settings of the call stand in place of the client's; None takes a setting back."""
    llm = client(api_base="http://a/v1", namespace="team", settings={"temperature": 0.7, "seed": 1, "max_tokens": 9})
    request = llm("Hi", model="openai/b", api_base="", temperature=0.1, seed=None).request
    expected = {"temperature": 0.1, "max_tokens": 9}
    assert (request.model, request.api_base, request.namespace) == ("openai/b", "", "team")
    assert request.settings == expected


def test_equal_requests_of_a_trial_are_numbered_and_others_are_not():
    """Asking twice is two draws, so the second has a key of its own."""
    llm = client()
    repeats = [llm(*call).request.repeat for call in (("Hi",), ("Hi",), ("Ho",), ("Hi",))]
    assert repeats == [0, 1, 0, 2]


def test_every_response_is_told_in_order():
    """The recorder of a trial sees every call."""
    told = []
    llm = client(on_response=told.append)
    returned = [llm("Hi"), llm("Ho")]
    assert told == returned


def test_a_conversation_that_grows_later_leaves_the_request_as_it_was():
    """Tests append turns to one list, and edit them."""
    turns = [{"role": "user", "content": "Hi"}]
    request = client()(turns).request
    turns[0]["content"] = "changed"
    turns.append({"role": "user", "content": "more"})
    assert request.messages == ({"role": "user", "content": "Hi"},)


def test_without_a_model_the_three_ways_to_name_one_are_shown():
    """The first error that a newcomer meets."""
    with pytest.raises(UsageError) as caught:
        client(model="")("Hi")
    assert str(caught.value).splitlines() == [
        "no model to ask",
        "  neither the call nor the settings name one",
        "  set llmeval_model in the ini, --llmeval-model=NAME, or LLMEVAL_MODEL",
    ]


@pytest.mark.parametrize("prompt", [None, 3, ["Hi"], {"role": "user"}, b"Hi"])
def test_what_is_no_prompt_is_refused(prompt):
    """Before it becomes a strange request."""
    with pytest.raises(UsageError, match="cannot be asked"):
        client()(prompt)


@pytest.mark.parametrize(
    ("texts", "found"),
    [([], "no text was given"), ([""], "a text is empty"), ("", "a text is empty"), ([3], "or is none")],
)
def test_nothing_to_embed_is_told_before_anybody_is_asked(texts, found):
    """Providers refuse an empty text by a status."""
    with pytest.raises(UsageError, match=found):
        client().embed(texts)


def test_a_vector_is_no_draw():
    """No trial, no number, and none of the settings of answers; a text has one recording."""
    llm = client(settings={"temperature": 0.7})
    one, two = llm.embed("a", dimensions=8, user=None).request, asyncio.run(llm.aembed(["a"], dimensions=8)).request
    expected = Request(
        model="openai/a",
        messages=({"role": "user", "content": "a"},),
        settings={"dimensions": 8},
        kind="embeddings",
    )
    assert (expected, expected) == (one, two)


def test_a_form_is_asked_for_and_expected_whichever_twin_is_called():
    """Sent as a schema, read as a class; a setting of the client's own gives way."""
    llm = client(settings={"response_format": {"type": "text"}})
    forms = [llm("Hi", response_format=Count), asyncio.run(llm.acall("Hi", response_format=Count))]
    for response in forms:
        assert "Count" == response.request.settings["response_format"]["json_schema"]["name"]
        with pytest.raises(AnswerUnreadable, match="the answer is no Count"):
            _ = response.parsed
    assert {"type": "text"} == llm("Hi").request.settings["response_format"]


@dataclass
class Count:
    """What the model of these tests does not write."""

    n: int

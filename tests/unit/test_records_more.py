"""What an answer holds beside its text: read when it is asked for, in one form."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from pytest_llmeval.errors import AnswerUnreadable
from pytest_llmeval.records import Outcome, Request, Response
from pytest_llmeval.records.exchange import FORM
from pytest_llmeval.records.more import Choice, Token, ToolCall, packed, unpacked

CALLS = [{"id": "1", "name": "find", "arguments": '{"q": "pens"}'}]


class Order(BaseModel):
    """What is ordered."""

    pens: int


@dataclass
class Parcel:
    """What pydantic validates too."""

    pens: int


def answer(text="", form=None, outcome=Outcome.OK, **more):
    """A response that asked for a form."""
    request = Request(model="openai/m", messages=({"role": "user", "content": "Hi"},))
    response = Response(text=text, request=request, outcome=outcome, more=more or None)
    if form is not None:
        response.__dict__[FORM] = form
    return response


def test_an_answer_of_text_alone_has_nothing_beside_it():
    """Every property is there, and empty."""
    plain = answer("Hi")
    assert ((), (), (), None) == (plain.tool_calls, plain.logprobs, plain.vectors, plain.first_token_s)
    assert (("Hi",), (Choice(text="Hi"),)) == (plain.pieces, plain.choices)
    assert {"role": "assistant", "content": "Hi"} == plain.message


def test_a_call_of_a_tool_is_read_and_answered():
    """Its result is a message with its id; a text stays a text."""
    (call,) = answer(tool_calls=CALLS).tool_calls
    assert (ToolCall(id="1", name="find", text='{"q": "pens"}'), {"q": "pens"}) == (call, call.arguments)
    assert {"role": "tool", "tool_call_id": "1", "content": "3 pens"} == call.result("3 pens")
    assert '{"n":3}' == call.result({"n": 3})["content"]
    assert 'find({"q": "pens"})' == str(call)


def test_a_call_without_arguments_has_none():
    """Models write nothing at all for a tool that takes nothing."""
    assert {} == ToolCall(id="", name="now").arguments


@pytest.mark.parametrize("text", ["[]", "3", "{", '{"a": NaN}', "[" * 10_000])
def test_arguments_that_are_no_object_are_told_in_three_lines(text):
    """Where they are read, and not before."""
    with pytest.raises(AnswerUnreadable) as caught:
        _ = ToolCall(id="", name="find", text=text).arguments
    assert 3 == len(str(caught.value).splitlines())


def test_an_answer_that_calls_tools_goes_on_as_one():
    """As the provider wants it back."""
    function = {"name": "find", "arguments": '{"q": "pens"}'}
    expected = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": function}],
    }
    assert expected == answer(tool_calls=CALLS).message


def test_choices_begin_with_the_answer_itself():
    """Each with what stands beside its own text."""
    several = answer(
        "a",
        logprobs=[["a", -1.0, []]],
        choices=[{"text": "b", "outcome": "truncated"}, {"text": "", "outcome": "ok", "tool_calls": CALLS}],
    )
    first, second, third = several.choices
    assert Choice(text="a", logprobs=(Token("a", -1.0),)) == first
    assert Choice(text="b", outcome=Outcome.TRUNCATED) == second
    assert "find" == third.tool_calls[0].name


@pytest.mark.parametrize(
    ("lengths", "expected"), [([1, 2], ("a", "bc")), ([], ("abc",)), ([1, 3], ("abc",)), ([3], ("abc",))]
)
def test_a_text_is_cut_as_it_was_streamed_and_never_changed(lengths, expected):
    """Lengths that do not fit (a text that was cut) are no reason to lose a letter."""
    assert expected == answer("abc", pieces=lengths).pieces


def test_vectors_are_kept_in_32_bits():
    """As embeddings are made; what cannot be such a number is refused."""
    assert (1.5, -2.0) == unpacked(packed([1.5, -2]))
    for wrong in ([float("nan")], [1e300], ["1"]):
        with pytest.raises((ValueError, TypeError, OverflowError)):
            packed(wrong)


@pytest.mark.parametrize(("form", "expected"), [(Order, Order(pens=3)), (Parcel, Parcel(pens=3)), (None, {"pens": 3})])
def test_an_answer_becomes_what_was_asked_for(form, expected):
    """A model, a dataclass, or plain JSON; once, however often it is read."""
    found = answer('{"pens": 3}', form)
    assert expected == found.parsed
    assert found.parsed is found.parsed


@pytest.mark.parametrize(
    ("text", "form", "outcome", "what", "hint"),
    [
        ("Sure!", None, Outcome.OK, "the answer is no JSON", ".text has it whole"),
        ("[" * 10_000, None, Outcome.OK, "the answer is no JSON", ".text has it whole"),
        ("Sure!", Order, Outcome.OK, "the answer is no Order", ".text has it whole"),
        ('{"pens": ', Order, Outcome.TRUNCATED, "the answer is no Order", "raise max_tokens"),
        ('{"pens": "\ud800"}', Order, Outcome.OK, "the answer is no Order", ".text has it whole"),
    ],
)
def test_an_answer_of_another_form_says_what_was_found_and_what_to_do(text, form, outcome, what, hint):
    """Three lines, each time it is read."""
    found = answer(text, form, outcome)
    for _ in range(2):
        with pytest.raises(AnswerUnreadable, match=what) as caught:
            _ = found.parsed
        assert hint in caught.value.hint
        assert 3 == len(str(caught.value).splitlines())


def test_an_answer_that_calls_a_tool_is_told_from_one_that_cannot_be_read():
    """The model has not answered yet."""
    with pytest.raises(AnswerUnreadable, match="it calls a tool in place of an answer"):
        _ = answer("", Order, tool_calls=CALLS).parsed


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            [{"type": "text", "text": "What is"}, {"type": "image_url"}, {"type": "text", "text": "this?"}],
            "What is\nthis?",
        ),
        ([{"type": "image_url"}], "before"),
        ("", ""),
        (None, "before"),
    ],
)
def test_the_question_of_a_message_in_parts_is_its_text(content, expected):
    """So that relevance can be measured beside an image."""
    before = {"role": "user", "content": "before"}
    assert expected == Request(model="m", messages=(before, {"role": "user", "content": content})).question

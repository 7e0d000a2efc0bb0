"""What is redacted: every text of a request but the protocol's own words, and an answer's."""

from __future__ import annotations

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.redaction import redacted, redacted_answer
from pytest_llmeval.records import Request, Response
from pytest_llmeval.records.more import Token

REQUEST = Request(
    model="openai/ada",
    messages=(
        {"role": "system", "content": "You talk to ada."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "I am ada."},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,adaada"}},
            ],
            "name": "ada",
        },
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": '{"who": "ada"}'}}]},
    ),
    settings={"temperature": 0.5, "user": "ada", "extra_body": {"metadata": ["ada", 1, True]}},
    api_base="http://ada/v1",
    trial=2,
)


def _redact(text):
    return text.replace("ada", "***")


def test_every_text_is_redacted_however_deep_it_stands():
    """Names, roles, types, numbers, the model and its endpoint are not texts of anybody; inline files are no text."""
    found = redacted(REQUEST, _redact)

    assert (
        {"role": "system", "content": "You talk to ***."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "I am ***."},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,adaada"}},
            ],
            "name": "***",
        },
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": '{"who": "***"}'}}]},
    ) == found.messages
    assert {"temperature": 0.5, "user": "***", "extra_body": {"metadata": ["***", 1, True]}} == found.settings
    assert ("openai/ada", "http://ada/v1", 2) == (found.model, found.api_base, found.trial)


def test_the_key_is_that_of_what_is_left():
    """Two requests that differ in what is taken out are one."""
    other = Request(model="m", messages=({"role": "user", "content": "I am bob."},))
    mine = Request(model="m", messages=({"role": "user", "content": "I am ada."},))

    def nobody(text):
        return text.replace("ada", "***").replace("bob", "***")

    assert cache_key(mine) != cache_key(other)
    assert cache_key(redacted(mine, nobody)) == cache_key(redacted(other, nobody))


def test_a_redactor_that_changes_nothing_changes_no_key():
    """Recordings that were made without it are found."""
    assert cache_key(REQUEST) == cache_key(redacted(REQUEST, lambda text: text))


def test_an_answer_is_redacted():
    """Its text; what the provider says of itself is not anybody's."""
    assert "Hello ***." == redacted_answer(Response(text="Hello ada.", request=REQUEST), _redact).text


def _with(text="Hello.", **more):
    return redacted_answer(Response(text=text, request=REQUEST, more=more), _redact)


def test_the_arguments_of_tools_are_redacted_and_stay_json():
    """Each text in them by itself; names of tools and of arguments are nobody's; what is no JSON is a text."""
    calls = [
        {"id": "1", "name": "ada", "arguments": '{"ada": ["ada", 3]}'},
        {"id": "2", "name": "f", "arguments": '{"a":1}'},
        {"id": "3", "name": "f", "arguments": "for ada"},
    ]
    found = _with(tool_calls=calls).tool_calls
    assert ["ada", "f", "f"] == [call.name for call in found]
    assert [{"ada": ["***", 3]}, '{"a":1}', "for ***"] == [found[0].arguments, found[1].text, found[2].text]


def test_tokens_and_pieces_go_where_they_spell_what_was_taken_out():
    """Where nothing was, they stay."""
    more = {"logprobs": [["ada", -1.0, []]], "pieces": [3, 3], "first_token_s": 0.5}
    assert {"first_token_s": 0.5} == _with("Hi ada", **more).more
    assert more == _with("Hi eve", **more).more


def test_every_choice_is_redacted():
    """With its calls and its tokens."""
    call = {"id": "1", "name": "f", "arguments": '"ada"'}
    choices = [
        {"text": "ada", "outcome": "ok", "logprobs": [["ada", -1.0, []]]},
        {"text": "eve", "outcome": "ok", "logprobs": [["eve", -1.0, []]], "tool_calls": [call]},
    ]
    _, second, third = _with(choices=choices).choices
    assert ("***", ()) == (second.text, second.logprobs)
    assert ("eve", (Token("eve", -1.0),), '"***"') == (third.text, third.logprobs, third.tool_calls[0].text)

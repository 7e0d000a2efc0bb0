"""What is redacted: every text of a request but the protocol's own words, and an answer's."""

from __future__ import annotations

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.redaction import redacted, redacted_answer
from pytest_llmeval.records import Request, Response

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

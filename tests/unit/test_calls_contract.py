"""Every shape of call, by either provider: the same tests for the direct wire and for litellm.

litellm is an extra; where it is missing its half is skipped. ``tox run -e e2e`` has it.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace

import pytest
from pydantic import BaseModel

from pytest_llmeval.calls import retries
from pytest_llmeval.calls.cache import Layered, Mode
from pytest_llmeval.calls.client import Client
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.errors import AnswerUnreadable, ProviderError, UsageError
from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.records import Outcome, Provenance
from pytest_llmeval.records.more import Token
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache

needs_litellm = pytest.mark.skipif(
    importlib.util.find_spec("litellm") is None, reason="the litellm extra is not installed"
)
# litellm's own dependencies warn of each other.
PROVIDERS = [
    pytest.param("openai/m", id="direct"),
    pytest.param(
        "litellm/openai/m", id="litellm", marks=[needs_litellm, pytest.mark.filterwarnings("ignore::Warning")]
    ),
]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


class Refund(BaseModel):
    """What a support assistant decides."""

    days: int
    is_free: bool = True


@pytest.fixture(params=PROVIDERS)
def model(request):
    """A model that one of the two providers reaches."""
    return request.param


@pytest.fixture
def loopback(monkeypatch):
    """An echo model."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.0)
    with Loopback() as server:
        yield server


@pytest.fixture
def endpoint(loopback):
    """Where the model is asked: the provider itself."""
    return loopback.url


@pytest.fixture
def llms(tmp_path, endpoint, model):
    """Make clients, in any mode, on one cache: a working one, or recordings alone."""
    engines = []

    def make(mode=Mode.AUTO, *, only_recordings=False, module=None):
        recordings = Recordings(tmp_path / "recordings.jsonl", on_first_write=lambda sentence: None)
        working = SqliteCache(tmp_path / "llmeval.db")
        engine = Engine(recordings if only_recordings else Layered(recordings, working), mode, timeout_s=30.0)
        engines.append((engine, working))
        return Client(
            ask=engine.ask, model=model, api_base=endpoint, trial=0, on_response=lambda r: None, module=module
        )

    yield make
    for engine, working in engines:
        engine.close()
        working.close()


@pytest.fixture
def twice(llms, loopback):
    """Make a call live, and again from recordings and working cache; all three are one draw."""

    def both(call):
        live = call(llms())
        n_asked = len(loopback.requests)
        for only_recordings in (True, False):
            replayed = call(llms(Mode.REPLAY, only_recordings=only_recordings))
            assert replayed.provenance is Provenance.REPLAYED
            assert live == replace(replayed, provenance=Provenance.LIVE)
        assert n_asked == len(loopback.requests)
        return live

    return both


def sent(loopback):
    """The newest request's body."""
    return loopback.requests[-1].body


def test_a_system_prompt_and_what_was_said_before_are_sent_in_order(twice, loopback):
    """History is a list of messages."""
    history = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "And now?"},
    ]
    assert "And now?" == twice(lambda llm: llm(history, system="Be kind.")).text
    assert [{"role": "system", "content": "Be kind."}, *history] == sent(loopback)["messages"]


def test_a_seed_is_sent_and_counts(twice, loopback):
    """Another seed is another draw."""
    for seed in (7, 8):
        twice(lambda llm, seed=seed: llm("Hi", seed=seed))
    assert [7, 8] == [received.body["seed"] for received in loopback.requests]


def test_calls_of_tools_are_data(twice, loopback):
    """Id, name and arguments; no text is no empty answer."""
    loopback.answer(Reply(None, tool_calls=[("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})]))
    answer = twice(lambda llm: llm("How warm is it?", tools=[WEATHER]))
    found = [(call.id, call.name, call.arguments) for call in answer.tool_calls]
    assert [("call_0", "weather", {"city": "Oslo"}), ("call_1", "weather", {"city": "Rome"})] == found
    assert ("", Outcome.OK) == (answer.text, answer.outcome)
    assert [WEATHER] == sent(loopback)["tools"]


def test_a_conversation_takes_the_results_of_its_tools_and_goes_on(twice, loopback):
    """The whole trajectory stands in its messages."""
    loopback.answer(Reply(None, tool_calls=[("weather", {"city": "Oslo"})]), "It is cold.", "Take a coat.")

    def talk(llm):
        chat = llm.chat(system="Be brief.", tools=[WEATHER])
        for call in chat("How warm is it?").tool_calls:
            chat.give(call, {"celsius": -3})
        assert "It is cold." == chat().text
        return chat("What do I do?")

    assert "Take a coat." == twice(talk).text
    said = sent(loopback)["messages"]
    assert ["system", "user", "assistant", "tool", "assistant", "user"] == [message["role"] for message in said]
    function = {"name": "weather", "arguments": '{"city": "Oslo"}'}
    assert [{"id": "call_0", "type": "function", "function": function}] == said[2]["tool_calls"]
    assert {"role": "tool", "tool_call_id": "call_0", "content": '{"celsius":-3}'} == said[3]


def test_arguments_that_are_no_json_say_so_where_they_are_read(twice, loopback):
    """The call is there; who reads its arguments is told."""
    loopback.answer(Reply(None, tool_calls=[("weather", '{"city": ')]))
    (call,) = twice(lambda llm: llm("How warm is it?", tools=[WEATHER])).tool_calls
    with pytest.raises(AnswerUnreadable, match="arguments of the call of tool 'weather'") as caught:
        _ = call.arguments
    assert 3 == len(str(caught.value).splitlines())


def test_a_model_of_pydantic_becomes_a_strict_schema_and_its_answer_an_object(twice, loopback):
    """Closed, and every field required, as strict mode wants it."""
    loopback.answer('{"days": 14, "is_free": false}')
    assert Refund(days=14, is_free=False) == twice(lambda llm: llm("Refund?", response_format=Refund)).parsed
    form = sent(loopback)["response_format"]["json_schema"]
    assert ("Refund", True) == (form["name"], form["strict"])
    assert (["days", "is_free"], False) == (form["schema"]["required"], form["schema"]["additionalProperties"])


def test_a_json_schema_becomes_a_value(twice, loopback):
    """The same, with no class."""
    loopback.answer('{"days": 14}')
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
    assert {"days": 14} == twice(lambda llm: llm("Refund?", response_format=schema)).parsed
    assert "json_schema" == sent(loopback)["response_format"]["type"]


def test_an_answer_of_another_form_says_so_in_three_lines(twice, loopback):
    """And is an answer all the same: its text can be judged."""
    loopback.answer('{"days": "many"}')
    answer = twice(lambda llm: llm("Refund?", response_format=Refund))
    with pytest.raises(AnswerUnreadable) as caught:
        _ = answer.parsed
    first, found, hint = str(caught.value).splitlines()
    assert first.startswith("the answer is no Refund (model ")
    assert "days: Input should be a valid integer" in found
    assert '{"days": "many"}' in found
    assert ".text has it whole" in hint


def test_a_stream_is_joined_timed_and_replayed_in_its_pieces(twice, loopback):
    """The time to the first token is that of the recording."""
    loopback.answer(Reply("one two three", drip_s=0.02))
    answer = twice(lambda llm: llm("Count", stream=True))
    assert ("one two three", Outcome.OK) == (answer.text, answer.outcome)
    assert ("one", " two", " three") == answer.pieces
    assert 0.0 < answer.first_token_s < answer.latency_s
    assert (1, 3) == (answer.n_input_tokens, answer.n_output_tokens)
    assert {"include_usage": True} == sent(loopback)["stream_options"]


def test_a_streamed_call_of_a_tool_is_joined(twice, loopback):
    """Its arguments come in parts, and those of two calls do not mix."""
    loopback.answer(Reply("Let me see", tool_calls=[("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})]))
    answer = twice(lambda llm: llm("How warm is it?", tools=[WEATHER], stream=True))
    assert "Let me see" == answer.text
    assert ["Oslo", "Rome"] == [call.arguments["city"] for call in answer.tool_calls]


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
def test_logprobs_are_one_record(twice, loopback, is_streamed):
    """Token by token, with the likeliest others."""
    loopback.answer("yes indeed")
    settings = {"logprobs": True, "top_logprobs": 2, **({"stream": True} if is_streamed else {})}
    answer = twice(lambda llm: llm("Is it?", **settings))
    expected = (
        Token("yes", -0.5, {"yes": -0.5, "yes1": -1.5}),
        Token(" indeed", -0.5, {" indeed": -0.5, " indeed1": -1.5}),
    )
    assert expected == answer.logprobs


def test_logprobs_of_the_older_shape_are_the_same_record(twice, loopback):
    """Some servers send it in chat completions."""
    logprobs = {"tokens": ["yes"], "token_logprobs": [-0.5], "top_logprobs": [{"yes": -0.5, "no": -1.0}]}
    choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [choice | {"logprobs": logprobs}],
    }
    loopback.answer(Reply(body=json.dumps(body).encode()))
    answer = twice(lambda llm: llm("Is it?", logprobs=True))
    assert (Token("yes", -0.5, {"yes": -0.5, "no": -1.0}),) == answer.logprobs


def test_several_choices_are_told_apart(twice, loopback):
    """The first is the answer; each is as good for a check."""
    loopback.answer(Reply("red", others=["green", "blue"]))
    answer = twice(lambda llm: llm("A colour?", n=3))
    assert ("red", ["red", "green", "blue"]) == (answer.text, [choice.text for choice in answer.choices])
    assert 3 == answer.n_output_tokens


def test_several_choices_in_one_stream_are_told_apart_or_refused(twice, loopback, model):
    """A stream of litellm's ends with the first choice: what it cannot do is not done by halves."""
    loopback.answer(Reply("red", others=["green", "blue"]))
    if model.startswith("litellm/"):
        with pytest.raises(UsageError, match="litellm does not stream several answers"):
            twice(lambda llm: llm("A colour?", n=3, stream=True))
    else:
        answer = twice(lambda llm: llm("A colour?", n=3, stream=True))
        assert ["red", "green", "blue"] == [choice.text for choice in answer.choices]


def test_texts_are_embedded_in_their_order(twice, loopback):
    """One vector a text; a vector is no draw, so trials share it."""
    answer = twice(lambda llm: llm.embed(["abc", "b"]))
    assert (2, 8) == (len(answer.vectors), len(answer.vectors[0]))
    assert 1.0 == answer.vectors[1][ord("b") % 8]
    assert ("", Outcome.OK, 0) == (answer.text, answer.outcome, answer.n_output_tokens)
    assert ("/embeddings", ["abc", "b"]) == (loopback.requests[-1].path, sent(loopback)["input"])


def test_an_image_is_sent_whole_and_kept_by_its_digest(twice, llms, loopback, tmp_path):
    """The recording holds no picture, and the same picture elsewhere has the same recording."""
    (tmp_path / "a.png").write_bytes(PNG)
    twice(lambda llm: llm("What is it?", images=[tmp_path / "a.png"]))
    _, image = sent(loopback)["messages"][0]["content"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    recording = (tmp_path / "recordings.jsonl").read_text()
    assert "iVBOR" not in recording
    assert "data:image/png;sha256," in recording
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    assert Provenance.REPLAYED is llms(Mode.REPLAY)("What is it?", images=tmp_path / "b.png").provenance


def test_a_stream_that_says_nothing_is_an_empty_answer(llms, loopback):
    """Whole, and not kept: asked again it may say more."""
    loopback.answer("", "something")
    llm = llms()
    assert (Outcome.EMPTY, None) == ((empty := llm("Hi", stream=True)).outcome, empty.first_token_s)
    assert "something" == llms()("Hi", stream=True).text


def test_a_stream_that_is_cut_off_is_asked_again_and_never_an_answer(llms, loopback):
    """Half an answer is none."""
    half = {"choices": [{"index": 0, "delta": {"content": "ha"}, "finish_reason": None}], "model": "m", "id": "1"}
    cut = Reply(body=f"data: {json.dumps(half)}\n\n".encode(), headers={"Content-Type": "text/event-stream"})
    loopback.answer(cut, "whole again")
    assert "whole again" == llms()("Hi", stream=True).text
    assert 2 == len(loopback.requests)


def test_an_error_within_a_stream_is_the_providers(llms, loopback):
    """It has status 200 and is no answer."""
    body = b'data: {"error": {"message": "overloaded", "code": 529}}\n\n'
    broken = Reply(body=body, headers={"Content-Type": "text/event-stream"})
    loopback.answer(broken, broken, broken)
    with pytest.raises(ProviderError):
        _ = llms()("Hi", stream=True).text
    assert 3 == len(loopback.requests)

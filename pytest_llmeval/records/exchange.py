"""What is asked and what is answered: Case, Request, Response."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from pytest_llmeval.records.more import Choice, Token, ToolCall

# Any: the values of a JSON document; a recursive alias costs every reader more than it tells.
Json: TypeAlias = Any

FORM = "_form"
"""Where a Response keeps, in its process only, what ``response_format`` was: the class of its answer, or a schema."""
FILES = "_files"
"""Where a Request keeps, in its process only, what the digests of files in its messages stand for."""
_PARSED = "_parsed"

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _made_once() -> Callable[[Json], str]:
    """Return what writes canonical JSON: ``_ENCODER.encode`` makes its C half anew each time, which takes a third."""
    make, escape = vars(json.encoder).get("c_make_encoder"), json.encoder.encode_basestring_ascii
    try:
        parts = make(None, _ENCODER.default, escape, None, ":", ",", True, False, False)  # type: ignore[misc]
        parts({}, 0)
    except TypeError:  # another Python than CPython, or a later one
        return _ENCODER.encode
    return lambda value: "".join(parts(value, 0))


_encode = _made_once()


def canonical(value: Json) -> str:
    """Return the one canonical form of a JSON value, in ASCII.

    Args:
        value: anything JSON can hold; the order of keys does not matter, lone surrogates are kept.

    Raises:
        TypeError: the value holds something that JSON cannot.
        ValueError: the value holds NaN, an infinity or itself.
    """
    try:
        return _encode(value)
    except RecursionError as error:
        raise ValueError("it holds itself, or is nested too deeply") from error


def digest(value: Json) -> str:
    """Return the SHA-256 of a JSON value in its canonical form, as 64 hex digits; errors as of ``canonical``."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


class Provenance(StrEnum):
    """Where a response came from."""

    LIVE = "live"
    REPLAYED = "replayed"
    REFRESHED = "refreshed"


class Outcome(StrEnum):
    """How an answer ended. Only OK is an answer in full; none of the others is a score of 0."""

    OK = "ok"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    FILTERED = "filtered"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input of one test, usually a line of a JSONL file.

    Args:
        id: unique within its test; any text; by default a hash of the input.
        input: what is put to the application; text or any JSON value.
        expected: the reference answer, if there is one.
        context: the source an answer must be faithful to, if there is one.
        tags: names of the slices the case belongs to.
        data: every other field of its line; ``llm_case["field"]`` reads one.
    """

    id: str
    input: Json = None
    expected: Json = None
    context: Json = None
    tags: tuple[str, ...] = ()
    data: Mapping[str, Json] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Json:
        return self.data[name]

    @cached_property
    def input_hash(self) -> str:
        """Digest of the case's own data (not of the application's prompt), 16 hex digits."""
        return digest([self.input, self.expected, self.context, self.data])[:16]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One prompt with every setting that can change its answer; all of it is in the cache key.

    Args:
        model: litellm's spelling, such as ``openai/gpt-4o-mini``.
        messages: ``{"role": ..., "content": ...}`` in order.
        settings: sampling and format settings, sent as they are (``temperature``, ``max_tokens``, ``seed``).
        api_base: the endpoint, where it is not the provider's own.
        namespace: the tenant; nothing of one is served to another.
        trial: index of the trial; None where repeats must share one answer (judge calls).
        repeat: how many equal requests the same trial sent before this one.
        kind: the interface, where it is not chat completions: ``messages``, ``responses``, ``completions`` or
            ``embeddings``.
    """

    model: str
    messages: tuple[Mapping[str, Json], ...]
    settings: Mapping[str, Json] = field(default_factory=dict)
    api_base: str = ""
    namespace: str = ""
    trial: int | None = None
    repeat: int = 0
    kind: str = ""

    @property
    def question(self) -> str:
        """The text of the last user message, or an empty string; of one in parts (text, images) their texts."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                content = message.get("content")
                text = content if isinstance(content, str) else _text_of(content)
                if text or content == "":
                    return text
        return ""


def _text_of(content: Json) -> str:
    parts = content if isinstance(content, (list, tuple)) else ()
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


@dataclass(frozen=True, kw_only=True)
class Wire:
    """A reply as it came over HTTP, so that the client that was given it can be given it again.

    Args:
        headers: those that a client reads, by names in lower case; none of them holds a secret.
        body: the whole body, decompressed, as UTF-8 (what is no UTF-8 as lone surrogates).
        first_s: seconds from sending to the first byte of the body; None where it is not known.
    """

    headers: Mapping[str, str]
    body: str
    first_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Response:
    """What the model gave, and where it came from.

    Args:
        text: the answer; empty where there was none.
        request: what was asked.
        outcome: how the answer ended.
        model: the model's name as the provider gave it.
        fingerprint: the provider's own mark of the model's build, where it sends one.
        n_input_tokens: tokens of the prompt, None where the provider does not say.
        n_output_tokens: tokens of the answer, None where the provider does not say.
        n_cached_tokens: tokens of the prompt that the provider read from its own cache; not kept with a recording.
        n_cache_write_tokens: those that it put there; not kept with a recording.
        latency_s: seconds from sending to the last byte; of the recording, where it is replayed.
        cost_usd: price in US dollars when it was asked, None where the price is unknown.
        recorded_at: when it was asked, ISO 8601 in UTC.
        key: the cache key.
        origin: digest of key, body and time of recording: the identity of this draw.
        provenance: live, replayed or refreshed.
        wire: the reply itself, where the application under test asked and not ``llm``.
        more: what the answer holds beside its text, as ``records.more`` has it in JSON; None for nothing. Read it by
            the properties below.
    """

    text: str
    request: Request
    outcome: Outcome = Outcome.OK
    model: str = ""
    fingerprint: str = ""
    n_input_tokens: int | None = None
    n_output_tokens: int | None = None
    n_cached_tokens: int = 0
    n_cache_write_tokens: int = 0
    latency_s: float = 0.0
    cost_usd: float | None = None
    recorded_at: str = ""
    key: str = ""
    origin: str = ""
    provenance: Provenance = Provenance.LIVE
    wire: Wire | None = None
    more: Mapping[str, Json] | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of tools that the model asks for, in order."""
        from pytest_llmeval.records.more import tool_calls

        return tool_calls(self.more or {})

    @property
    def parsed(self) -> Any:  # noqa: ANN401 - of the type that was asked for
        """The answer as what ``response_format`` asked for: an object of that class, else a JSON value.

        Raises:
            AnswerUnreadable: it is not of that form.
        """
        __tracebackhide__ = True
        if _PARSED not in self.__dict__:
            from pytest_llmeval.records.parsed import parsed

            self.__dict__[_PARSED] = parsed(self, self.__dict__.get(FORM))
        return self.__dict__[_PARSED]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All answers, where ``n=`` asked for several; the first is the response's own."""
        from pytest_llmeval.records.more import choices

        return choices(self)

    @property
    def logprobs(self) -> tuple[Token, ...]:
        """The answer's tokens with their probabilities; empty where they were not asked for."""
        from pytest_llmeval.records.more import logprobs

        return logprobs(self.more or {})

    @property
    def vectors(self) -> tuple[tuple[float, ...], ...]:
        """One vector for each text that was embedded."""
        from pytest_llmeval.records.more import vectors

        return vectors(self.more or {})

    @property
    def first_token_s(self) -> float | None:
        """Seconds from sending to the first part of a streamed answer; None where it was not streamed."""
        return (self.more or {}).get("first_token_s")

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text in the pieces in which it was streamed; live and replayed alike."""
        from pytest_llmeval.records.more import pieces

        return pieces(self.text, self.more or {})

    @property
    def message(self) -> dict[str, Json]:
        """The answer as a message, to go on with: ``messages.append(answer.message)``."""
        from pytest_llmeval.records.more import message

        return message(self)

"""What an answer holds beside its text, as records: calls of tools, tokens with their probabilities, several choices.

A Response keeps it as plain JSON (``Response.more``), which is what is stored and sent between processes; these records
are made of it when a test asks for them, so that a suite that does not use them pays for none.

    tool_calls     [{"id", "name", "arguments"}]: the arguments as the text that the model wrote
    logprobs       [[token, logprob, [[token, logprob], ...]], ...]
    choices        [{"text", "outcome", "tool_calls", "logprobs"}]: the second and later ones
    vectors        [base64 of 32-bit floats, little-endian]
    first_token_s  seconds
    nonce          the word that a judge was to echo (``calls.nonce``)
    pieces         [how many characters of the text each piece of a stream brought]
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NoReturn

from pytest_llmeval.errors import AnswerUnreadable
from pytest_llmeval.records.exchange import Json, Outcome, canonical
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from pytest_llmeval.records.exchange import Response

_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A call of a tool that the model asks for.

    Args:
        id: what its result is to name; empty where the provider gives none.
        name: of the tool.
        text: the arguments as the model wrote them: JSON, if it did well.
    """

    id: str
    name: str
    text: str = ""

    @cached_property
    def arguments(self) -> Mapping[str, Json]:
        """The arguments by name.

        Raises:
            AnswerUnreadable: the model wrote no JSON object.
        """
        __tracebackhide__ = True
        try:
            found = loads(self.text) if self.text.strip() else {}
            fault = "" if isinstance(found, dict) else "no object"
        except ValueError as error:
            fault = f"no JSON: {error}"
        if fault:
            raise AnswerUnreadable(
                f"the arguments of the call of tool {self.name!r} cannot be read",
                found=f"{fault}, in {self.text[:_SHOWN]!r}",
                hint="the model wrote them so: .text has them whole",
            )
        return found

    def result(self, value: Json) -> dict[str, Json]:
        """Return the message that tells the model what the tool has returned.

        Args:
            value: text, or what is written as JSON.
        """
        content = value if isinstance(value, str) else canonical(value)
        return {"role": "tool", "tool_call_id": self.id, "content": content}

    def __str__(self) -> str:
        return f"{self.name}({self.text})"


@dataclass(frozen=True)
class Token:
    """One token of an answer.

    Args:
        text: of the token.
        logprob: natural logarithm of its probability, at most 0; None where the provider gives none.
        top: the likeliest tokens at its place, with their logarithms; empty where none were asked for.
    """

    text: str
    logprob: float | None
    top: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of several answers to one request; a check takes it like an answer.

    Args:
        text: the answer.
        outcome: how it ended.
        tool_calls: as of a Response.
        logprobs: as of a Response.
    """

    text: str
    outcome: Outcome = Outcome.OK
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[Token, ...] = ()

    def __str__(self) -> str:
        return self.text


def tool_calls(more: Mapping[str, Json]) -> tuple[ToolCall, ...]:
    """Return the calls of tools in what is stored."""
    return tuple(
        ToolCall(id=call["id"], name=call["name"], text=call["arguments"]) for call in more.get("tool_calls", ())
    )


def logprobs(more: Mapping[str, Json]) -> tuple[Token, ...]:
    """Return the tokens in what is stored."""
    return tuple(Token(text, logprob, dict(top)) for text, logprob, top in more.get("logprobs", ()))


def choices(response: Response) -> tuple[Choice, ...]:
    """Return all choices of a response: its own answer first."""
    first = {"text": response.text, "outcome": response.outcome.value, **(response.more or {})}
    return tuple(
        Choice(text=one["text"], outcome=Outcome(one["outcome"]), tool_calls=tool_calls(one), logprobs=logprobs(one))
        for one in (first, *first.get("choices", ()))
    )


def vectors(more: Mapping[str, Json]) -> tuple[tuple[float, ...], ...]:
    """Return the vectors in what is stored."""
    return tuple(map(unpacked, more.get("vectors", ())))


def pieces(text: str, more: Mapping[str, Json]) -> tuple[str, ...]:
    """Cut a text as it was streamed; in one piece where it was not."""
    ends = [0, *accumulate(more.get("pieces", ()))]
    if len(ends) == 1 or ends[-1] != len(text):
        return (text,) if text else ()
    return tuple(text[start:end] for start, end in pairwise(ends))


def message(response: Response) -> dict[str, Json]:
    """Return an answer as the message that a conversation goes on with."""
    calls = tool_calls(response.more or {})
    if not calls:
        return {"role": "assistant", "content": response.text}
    return {
        "role": "assistant",
        "content": response.text or None,
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.text}}
            for call in calls
        ],
    }


def packed(vector: Sequence[float]) -> str:
    """Write a vector as text: 32 bits a number, which is what embeddings have.

    Raises:
        ValueError: a number is not finite, or too large.
    """
    from array import array
    from base64 import b64encode
    from math import isfinite
    from sys import byteorder

    numbers = array("f", vector)
    if not all(map(isfinite, numbers)):
        raise ValueError("a number is not finite")
    if byteorder == "big":
        numbers.byteswap()
    return b64encode(numbers.tobytes()).decode("ascii")


def unpacked(text: str) -> tuple[float, ...]:
    """Read a vector that ``packed`` wrote; ValueError where it did not."""
    from array import array
    from base64 import b64decode
    from sys import byteorder

    numbers = array("f", b64decode(text, validate=True))
    if byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


def loads(text: str) -> Json:
    """Parse JSON.

    Raises:
        ValueError: it is none; NaN, and nesting without end, are none either.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

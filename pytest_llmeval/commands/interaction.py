"""A request and its answer, whole, as lines; what models wrote has no control characters, and stands four blanks in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmeval.commands.output import inert
from pytest_llmeval.exports.inert import block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmeval.records import Json, Request, Response


def request_lines(request: Request) -> Iterator[str]:
    """Yield who is asked, in which trial, with which settings, and every message."""
    yield f"model {inert(request.model)}" + (f" at {inert(request.api_base)}" if request.api_base else "")
    if request.namespace:
        yield f"namespace {inert(request.namespace)}"
    trial = (
        "no trial (a judge's: equal requests share one answer)" if request.trial is None else f"trial {request.trial}"
    )
    yield trial + (f", asked {request.repeat + 1} times in it" if request.repeat else "")
    for name, value in sorted(request.settings.items()):
        yield from part_lines(f"settings.{inert(name)}", value)
    for message in request.messages:
        rest = {name: value for name, value in message.items() if name not in ("role", "content")}
        yield from part_lines(inert(str(message.get("role", "message"))), message.get("content"))
        for name, value in sorted(rest.items()):
            yield from part_lines(f"  {inert(name)}", value)


def part_lines(name: str, value: Json) -> Iterator[str]:
    """Yield a text below its name, and any other value beside it."""
    if isinstance(value, str):
        yield f"{name}:"
        yield from text_lines(value)
    else:
        yield f"{name}: {inert(json.dumps(value, sort_keys=True), limit=100_000)}"


def text_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text."""
    yield from (f"    {line}".rstrip() for line in block(text))


def answer_lines(response: Response) -> Iterator[str]:
    """Yield who answered, what it took, and all that was answered."""
    yield f"by {inert(response.model) or 'a model without a name'}, {_figures(response)}"
    if response.text or not response.more:
        yield from text_lines(response.text)
    for name, value in _beside(response):
        yield from part_lines(name, value)


def _beside(response: Response) -> Iterator[tuple[str, Json]]:
    """What an answer holds beside its text: calls and choices whole, of the rest how much there is."""
    for call in response.tool_calls:
        yield f"calls {inert(call.name)}", call.text
    for number, choice in enumerate(response.choices[1:], 2):
        yield f"choice {number}, {choice.outcome.value}", choice.text
        for call in choice.tool_calls:
            yield f"choice {number} calls {inert(call.name)}", call.text
    if response.logprobs:
        yield "logprobs", f"of {len(response.logprobs)} tokens"
    if response.vectors:
        yield "vectors", f"{len(response.vectors)}, of {len(response.vectors[0])} numbers"
    if response.first_token_s is not None:
        yield "streamed", f"first token after {response.first_token_s:.3f} s, in {len(response.pieces)} pieces"


def _figures(response: Response) -> str:
    build = f"fingerprint {inert(response.fingerprint)}" if response.fingerprint else "no fingerprint"
    tokens = f"{_or_unknown(response.n_input_tokens)} tokens in, {_or_unknown(response.n_output_tokens)} out"
    cost = "price unknown" if response.cost_usd is None else f"${response.cost_usd:.6f}"
    return f"{build}, {tokens}, {response.latency_s:.3f} s, {cost}"


def _or_unknown(number: int | None) -> str:
    return "?" if number is None else str(number)

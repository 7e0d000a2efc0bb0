"""``llmeval cache show``: one request and its answers, whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.inert import block

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.records import Json, Request, Response
    from pytest_llmeval.store.holdings import Stored

_SHOW = """\
Print a request and every stored answer to it, the newest first, whole. What models wrote cannot move your cursor: it is
printed without control characters, four blanks in."""

_N_NAMED = 5


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "show", help="print a request and its answers whole", description=_SHOW, run=show)
    parser.add_argument("key", metavar="KEY", help="the beginning of a key, or of an origin, as `ls` prints it")


def show(arguments: argparse.Namespace) -> None:
    """Print the request that begins like that, and its draws."""
    held = args.held(project.find(arguments.rootdir))
    prefix = arguments.key.lower()
    keys = sorted(
        {one.response.key for one in held.stored if one.response.key.startswith(prefix)}
        | {one.response.key for one in held.stored if one.response.origin.startswith(prefix)}
    )
    if len(keys) != 1:
        raise UsageError(
            f"{len(keys)} stored requests begin with {arguments.key!r}",
            found=", ".join(key[: args.SHOWN_DIGITS] for key in keys[:_N_NAMED])
            or f"{len(held.stored)} are stored, {len(held.damaged)} damaged",
            hint="llmeval cache ls names them; give as many digits as it takes to mean one",
        )
    draws: dict[str, list[Stored]] = {}
    for one in held.stored:
        if one.response.key == keys[0]:
            draws.setdefault(one.response.origin, []).append(one)
    newest_first = sorted(draws.values(), key=lambda same: same[0].response.recorded_at, reverse=True)
    say(f"key {keys[0]}", *_request(newest_first[0][0].response.request))
    for same in newest_first:
        say("", *_answer(same))


def _request(request: Request) -> Iterator[str]:
    yield f"model {inert(request.model)}" + (f" at {inert(request.api_base)}" if request.api_base else "")
    if request.namespace:
        yield f"namespace {inert(request.namespace)}"
    trial = (
        "no trial (a judge's: equal requests share one answer)" if request.trial is None else f"trial {request.trial}"
    )
    yield trial + (f", asked {request.repeat + 1} times in it" if request.repeat else "")
    for name, value in sorted(request.settings.items()):
        yield from _part(f"settings.{inert(name)}", value)
    for message in request.messages:
        rest = {name: value for name, value in message.items() if name not in ("role", "content")}
        yield from _part(inert(str(message.get("role", "message"))), message.get("content"))
        for name, value in sorted(rest.items()):
            yield from _part(f"  {inert(name)}", value)


def _part(name: str, value: Json) -> Iterator[str]:
    """Yield a text below its name, and any other value beside it."""
    if isinstance(value, str):
        yield f"{name}:"
        yield from _lines(value)
    else:
        yield f"{name}: {inert(json.dumps(value, sort_keys=True), limit=100_000)}"


def _answer(same: Sequence[Stored]) -> Iterator[str]:
    response = same[0].response
    age = args.ages(datetime.now(UTC))(response.recorded_at)
    yield f"answer {response.origin}, {response.outcome.value}, recorded {inert(response.recorded_at)} ({age} ago)"
    yield f"in {', '.join(f'{args.places([one])}:{one.place}' for one in same)}"
    yield f"by {inert(response.model) or 'a model without a name'}, {_figures(response)}"
    if response.text or not response.more:
        yield from _lines(response.text)
    for name, value in _beside(response):
        yield from _part(name, value)


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


def _lines(text: str) -> Iterator[str]:
    yield from (f"    {line}".rstrip() for line in block(text))

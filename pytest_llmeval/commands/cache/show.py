"""``llmeval cache show``: one request and its answers, whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.interaction import answer_lines, request_lines
from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

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
    say(f"key {keys[0]}", *request_lines(newest_first[0][0].response.request))
    for same in newest_first:
        say("", *_answer(same))


def _answer(same: Sequence[Stored]) -> Iterator[str]:
    response = same[0].response
    age = args.ages(datetime.now(UTC))(response.recorded_at)
    yield f"answer {response.origin}, {response.outcome.value}, recorded {inert(response.recorded_at)} ({age} ago)"
    yield f"in {', '.join(f'{args.places([one])}:{one.place}' for one in same)}"
    yield from answer_lines(response)

"""``llmeval cache ls``: every stored answer in a line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.output import say, say_table
from pytest_llmeval.exports.wording import count
from pytest_llmeval.gate.origins import newest_builds, why_stale
from pytest_llmeval.store.holdings import newest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from pytest_llmeval.store.holdings import Stored

_LS = """\
Print every stored answer in a line: the beginning of its key, who was asked, in which trial, the head of the question,
how old it is, how large, where it stands, and whether it may be believed: "older" is not replayed any more, since a
newer recording of the same request stands; "stale" is replayed, and has its reason beside it."""

_COLUMNS = ("key", "model", "trial", "question", "age", "size", "in", "")
_QUESTION_HEAD = 48


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "ls", help="list what is stored", description=_LS, run=ls, epilog=args.PATTERN_HELP)
    args.add_pattern(parser)


def ls(arguments: argparse.Namespace) -> None:
    """Print a row for each draw, and how much there is."""
    found = project.find(arguments.rootdir)
    held = args.held(found)
    draws: dict[tuple[str, str], list[Stored]] = {}
    for one in args.picked(held.stored, arguments.pattern):
        draws.setdefault((one.response.key, one.response.origin), []).append(one)
    word = _believed(held.stored, found.max_age)
    age = args.ages(datetime.now(UTC))
    ordered = sorted(draws.values(), key=lambda same: (args.question(same[0].response), _order(same[0])))
    if ordered:
        say_table(_COLUMNS, [_row(same, age, word) for same in ordered])
    n_bytes = sum(one.n_bytes for same in draws.values() for one in same)
    files = {one.path for same in draws.values() for one in same}
    said = f"{count(len(draws), 'answer')} in {count(len(files), 'file')}, {args.size(n_bytes)}"
    say("" if ordered else "nothing is stored", said)
    if held.damaged:
        say(f"{len(held.damaged)} damaged, and not served: llmeval cache verify")


def _order(one: Stored) -> tuple[str, int, int, str]:
    request = one.response.request
    return request.model, -1 if request.trial is None else request.trial, request.repeat, one.response.recorded_at


def _row(same: Sequence[Stored], age: Callable[[str], str], word: Callable[[Stored], str]) -> tuple[str, ...]:
    response = same[0].response
    request = response.request
    trial = "judge" if request.trial is None else str(request.trial)
    return (
        response.key[: args.SHOWN_DIGITS],
        request.model,
        trial + (f".{request.repeat}" if request.repeat else ""),
        _head(args.question(response)),
        age(response.recorded_at),
        args.size(sum(one.n_bytes for one in same)),
        args.places(same),
        word(same[0]),
    )


def _head(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUESTION_HEAD else f"{line[: _QUESTION_HEAD - 3]}..."


def _believed(stored: Sequence[Stored], max_age_days: float | None) -> Callable[[Stored], str]:
    """Return what says why a stored answer is not replayed, or is stale; empty where nothing is wrong with it."""
    standing = newest(stored)
    builds = newest_builds(one.response for one in stored)
    now = datetime.now(UTC)

    def word(one: Stored) -> str:
        if standing[one.response.key].response.origin != one.response.origin:
            return "older"
        why = why_stale(one.response, builds, now=now, max_age_days=max_age_days)
        return f"stale: {why}" if why else ""

    return word

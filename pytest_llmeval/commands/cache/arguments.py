"""What the verbs of ``llmeval cache`` are told alike, and what they read."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import inert, say, shown
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.errors import UsageError
from pytest_llmeval.store import holdings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmeval.records import Response
    from pytest_llmeval.store.holdings import Holdings, Stored

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

SHOWN_DIGITS = 12  # of a key: enough to tell a million of them apart
add = add_verb
PATTERN_HELP = """\
PATTERN picks answers by any of: the key's beginning, the model, the question, the file they stand in. * stands for any
text and ? for one character; brackets mean themselves."""
_DAY_S = 86_400
_HOUR_S = 3_600


def add_pattern(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told which answers it is about."""
    parser.add_argument("pattern", nargs="?", metavar="PATTERN", help="which answers (default: all)")


def held(found: project.Project) -> Holdings:
    """Read all that is stored in a project."""
    return holdings.of_project(found.store, holdings.recordings_below(found.root, found.recordings))


def picked(stored: Sequence[Stored], pattern: str | None) -> list[Stored]:
    """Return what the pattern picks.

    Raises:
        UsageError: it picks none of those there are: a typing error is never "nothing to do".
    """
    found = [one for one in stored if pattern is None or _matches(one, pattern)]
    if stored and not found:
        raise UsageError(
            f"PATTERN {pattern!r} picks none of {len(stored)} stored answers",
            found=f"the first is {stored[0].response.key[:SHOWN_DIGITS]}, of {stored[0].response.request.model!r}",
            hint="* stands for any text: 'openai/*', '*refund*', '*test_support.jsonl'",
        )
    return found


def _matches(one: Stored, pattern: str) -> bool:
    request = one.response.request
    names = (request.model, question(one.response), shown(one.path))
    is_key = one.response.key.startswith(pattern.lower())
    return is_key or any(fnmatchcase(name, pattern.replace("[", "[[]")) for name in names)


def question(response: Response) -> str:
    """Return what was asked last, as one text; what is no text by its JSON."""
    request = response.request
    return request.question or str(request.messages[-1].get("content", "") if request.messages else "")


def ages(now: datetime) -> Callable[[str], str]:
    """Return what says how long ago a time was, such as "3 d"."""

    def age(recorded_at: str) -> str:
        seconds = seconds_since(recorded_at, now)
        if seconds is None:
            return "?"
        if seconds >= _DAY_S:
            return f"{seconds // _DAY_S:.0f} d"
        return f"{seconds // _HOUR_S:.0f} h" if seconds >= _HOUR_S else f"{max(seconds, 0) // 60:.0f} min"

    return age


def seconds_since(recorded_at: str, now: datetime) -> float | None:
    """Return how long ago a time was, in seconds; None where it is none."""
    try:
        found = datetime.fromisoformat(recorded_at)
    except ValueError:
        return None
    return (now - (found if found.tzinfo else found.replace(tzinfo=UTC))).total_seconds()


def size(n_bytes: int) -> str:
    """Return a number of bytes as a person reads it."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.1f} kB"  # noqa: PLR2004 - mega, kilo


def say_damage(found: Holdings) -> None:
    """Name every row and line that is damaged, by file and place."""
    say(*(f"{shown(one.path)}:{one.place}: {inert(one.why)}" for one in found.damaged))


def places(stored: Iterable[Stored]) -> str:
    """Name the files that hold an answer, each once."""
    return ", ".join(dict.fromkeys(shown(one.path) for one in stored))

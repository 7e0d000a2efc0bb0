"""``llmeval cache explain``: why a request found no stored answer, or which one it found."""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.providers import resolved
from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.cache.neighbours import Change, Neighbours, changes
from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.wording import count
from pytest_llmeval.records import Request

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from pytest_llmeval.records import CaseResult, Json, Session

_EXPLAIN = """\
Say why a request finds no stored answer: which part of it changed since the nearest stored one, with the words that
changed. Without TEST it is about every request of the last session that found nothing under --llmeval-cache=replay;
misses that have one cause are told once."""

_EXAMPLES = """\
TEST is pytest's node id, or a pattern of it: * stands for any text, ? for one character, brackets mean themselves. Of a
test that missed nothing, all requests are explained.

A request in a file is a JSON object: {"model": ..., "messages": [...], "settings": {...}, "api_base": "", "trial": 0}

examples:
  llmeval cache explain
  llmeval cache explain 'tests/test_support.py::*'
  llmeval cache explain --request request.json"""

_FIELDS = {"model", "messages", "settings", "api_base", "namespace", "trial", "repeat"}
_N_NAMED = 3


class _Cause(NamedTuple):
    """What several requests have in common: the parts that changed, and how; no parts where nothing is stored."""

    changes: tuple[Change, ...]


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group,
        "explain",
        help="say why a request found no stored answer",
        description=_EXPLAIN,
        run=explain,
        epilog=_EXAMPLES,
    )
    parser.add_argument("test", nargs="?", metavar="TEST", help="whose requests (default: all that missed)")
    parser.add_argument("--request", metavar="FILE", help="explain this request instead; - reads standard input")
    parser.add_argument("--session", metavar="FILE", help="session to take (default: .llmeval/session.jsonl)")


def explain(arguments: argparse.Namespace) -> None:
    """Print each cause with the requests that it explains."""
    found = project.find(arguments.rootdir)
    if arguments.request:
        asked = [("the request", _read(arguments.request))]
    else:
        from pytest_llmeval.gather import session_file

        session = session_file.read(found.session_file(arguments.session))
        asked = _asked(session, arguments.test)
        if not asked:
            say(f"session {session.id} missed nothing: every request found an answer, stored or live")
            return
    held = args.held(found)
    _say_causes(asked, Neighbours(one.response.request for one in held.stored))
    if held.damaged:
        say(f"{len(held.damaged)} stored answers are damaged, and never found: llmeval cache verify")


def _asked(session: Session, test: str | None) -> list[tuple[str, Request]]:
    """Return the requests to explain, each with the test that asked it."""
    if test is None:
        return [(result.nodeid, request) for result in session.results for request in result.missed]
    results = [result for result in session.results if _is_meant(result, test)]
    if not results:
        raise UsageError(
            f"TEST {test!r} is none of the {len(session.results)} of session {session.id!r}",
            found=f"the first is {session.results[0].nodeid!r}" if session.results else "it has none",
            hint="* stands for any text; run the test first: pytest --llmeval-cache=replay TEST",
        )
    return [
        (result.nodeid, request)
        for result in results
        for request in (
            result.missed or [call.request for trial in result.trials for call in (*trial.calls, *trial.judge_calls)]
        )
    ]


def _is_meant(result: CaseResult, test: str) -> bool:
    pattern = test.replace("[", "[[]")
    return any(fnmatchcase(name, pattern) for name in (result.nodeid, str(result.id), result.id.case) if name)


def _say_causes(asked: Iterable[tuple[str, Request]], stored: Neighbours) -> None:
    n_stored = 0
    causes: dict[_Cause, list[str]] = {}
    for nodeid, request in asked:
        if request in stored:
            n_stored += 1
            continue
        near = stored.nearest(request)
        cause = _Cause(changes(request, near) if near is not None else ())
        trial = "judge" if request.trial is None else f"trial {request.trial}"
        key = cache_key(request)[: args.SHOWN_DIGITS]
        causes.setdefault(cause, []).append(f"{inert(nodeid, limit=300)} ({trial}, key {key})")
    if n_stored:
        say(f"{count(n_stored, 'request')} found by {'its' if n_stored == 1 else 'their'} key: replayed")
    for cause, names in sorted(causes.items(), key=lambda item: -len(item[1])):
        _say_cause(cause, names)


def _say_cause(cause: _Cause, names: Sequence[str]) -> None:
    n = count(len(names), "request")
    if not cause.changes:
        say(f"{n} without any stored answer to compare with:")
    else:
        say(f"{n} not stored; the nearest stored one differs in {', '.join(inert(c.part) for c in cause.changes)}:")
    say(*(f"    {inert(change.part)}: {inert(change.words, limit=700)}" for change in cause.changes if change.words))
    say(*(f"  {name}" for name in names[:_N_NAMED]))
    if len(names) > _N_NAMED:
        say(f"  and {len(names) - _N_NAMED} more")


def _read(name: str) -> Request:
    """Read a request as a recording holds it; a whole recording will do.

    Raises:
        UsageError: it is none.
    """
    try:
        value = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
        value = value.get("request", value)
        return resolved(_request(value))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        said = f"no field {error}" if isinstance(error, KeyError) else str(error)
        hint = 'write {"model": "openai/...", "messages": [{"role": "user", "content": "..."}]}'
        raise UsageError(f"{name!r} holds no request", found=said, hint=hint) from None


def _request(value: Json) -> Request:
    unknown = sorted(value.keys() - _FIELDS)
    if unknown:
        raise ValueError(f"it has the field {unknown[0]!r}")
    return Request(
        model=str(value["model"]),
        messages=tuple(dict(message) for message in value["messages"]),
        settings=dict(value.get("settings", {})),
        api_base=str(value.get("api_base", "")),
        namespace=str(value.get("namespace", "")),
        trial=value.get("trial", 0),
        repeat=int(value.get("repeat", 0)),
    )

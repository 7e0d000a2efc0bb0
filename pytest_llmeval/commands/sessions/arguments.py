"""What the verbs of ``llmeval sessions`` are told alike."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.errors import StoreError
from pytest_llmeval.gather import session_file, session_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmeval.records import Session

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

add = add_verb
ID_HELP = """\
ID is the beginning of a session's id, or of what stands behind its time; ~1 is the last but one; or a session file."""


def add_filters(parser: argparse.ArgumentParser, last: int) -> None:
    """Let a verb be told which of many sessions it is about."""
    parser.add_argument("--branch", metavar="NAME", help="only sessions of that branch")
    parser.add_argument("--last", metavar="N", type=count, default=last, help=f"at most so many, the newest ({last})")


def count(said: str) -> int:
    """Parse a number of things, at least one."""
    if not said.isascii() or not said.isdigit() or int(said) < 1:
        raise argparse.ArgumentTypeError(f"{said!r} is no whole number from 1")
    return int(said)


def heads(folder: Path, arguments: argparse.Namespace, *, is_whole: bool = False) -> tuple[list[Session], int]:
    """Return the sessions that are meant, without their results, the oldest first; what cannot be read is named.

    Args:
        folder: the project's own.
        arguments: branch, and how many.
        is_whole: leave out those that ran only a part; the second value is how many these are.
    """
    found: list[Session] = []
    n_partial = 0
    for path in reversed(session_folder.stored(folder)):
        if len(found) == arguments.last:
            break
        for head in _head(path):
            if arguments.branch not in (None, head.branch):
                continue
            if is_whole and head.is_partial:
                n_partial += 1
            else:
                found.append(head)
    return found[::-1], n_partial


def _head(path: Path) -> Iterator[Session]:
    try:
        yield session_file.read_head(path)
    except StoreError as error:
        say(f"{shown(path)} is left out: {' '.join(str(error).split())}")

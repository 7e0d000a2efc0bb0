"""What a run that asks no provider could not answer, and the command that records it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.records import Session

_MOST_NAMED = 20


def needs_recording(session: Session) -> list[str]:
    """Name the tests that asked for an answer that is not recorded, and the command for whoever has a key."""
    missed = [result.nodeid for result in session.results if result.has_miss]
    if not missed:
        return []
    is_fork = session.against is not None and session.against.is_fork
    who = "a maintainer who has read the branch runs, and commits" if is_fork else "to record it"
    tests = "1 test asks what is not recorded" if len(missed) == 1 else f"{len(missed)} tests ask what is not recorded"
    # Of many the files are enough: what is recorded is replayed, and costs nothing.
    targets = missed if len(missed) <= _MOST_NAMED else list(dict.fromkeys(name.partition("::")[0] for name in missed))
    command = shlex.join(["pytest", "--llmeval-cache=auto", *targets])
    return [f"llmeval: {tests}; {who}: {command}"]

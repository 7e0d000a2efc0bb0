"""What stands beside a session in its reports: the baseline's scores and answers, and the sessions before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pytest_llmeval.records import CheckId, Line, Session
from pytest_llmeval.records.frozen import dataclass


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What is known beside a session; all of it may be missing, and the report says so.

    Args:
        lines: of the baseline that the session was compared with.
        answers: texts by their origins: of the baseline's draws, as far as they are on this machine.
        past: earlier sessions without their results, the oldest first.
        ending: what the exit status was, and why.
    """

    lines: Mapping[CheckId, Line] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    past: tuple[Session, ...] = ()
    ending: str = ""

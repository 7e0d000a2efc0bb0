"""A judged session → stored, made the baseline where that was asked for, exported, told of; in this order.

The session file comes before any export; an export that fails warns by name and changes nothing.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.ending import exit_status, exporting, telling
from pytest_llmeval.ending.recording import needs_recording
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.gather import session_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmeval.ending.exit_status import Decision
    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.records import Line, Session


class Ended(NamedTuple):
    """A session that is over.

    Args:
        record: the session, judged.
        grounds: what it was judged by.
        decision: its exit status, as far as the session itself decides.
    """

    record: Session
    grounds: Grounds
    decision: Decision


class Conclusion(NamedTuple):
    """What became of a session.

    Args:
        session: as it was stored.
        decision: the exit status, and why; what could not be stored has had its say.
        lines: to print, below the page.
        path: of the file; None where it could not be stored.
    """

    session: Session
    decision: Decision
    lines: list[str]
    path: Path | None


def conclude(
    record: Session,
    grounds: Grounds,
    lines: tuple[Line, ...],
    decision: Decision,
    *,
    text_of: Callable[[str], str] | None = None,
    tell_users: Callable[[Path], list[str]] | None = None,
) -> Conclusion:
    """Store a session, and do with it all that its settings ask for.

    Args:
        record: the session, judged.
        grounds: what it was judged by.
        lines: of its results.
        decision: its exit status, as far as the session itself decides.
        text_of: as of ``session_file.write``.
        tell_users: hands the stored session to the users' own hooks; returns lines to print.
    """
    settings, said, stored = grounds.settings, list[str](), None
    record = replace(record, exit_status=decision.status, exit_line=decision.line)
    try:
        stored = session_file.write(record, settings.sessions_folder, text_of)
    except (LlmevalError, OSError) as error:
        decision = exit_status.unstored(decision, "the session could not be stored")
        said.append(f"llmeval: {error}")
    else:
        try:
            said += exporting.update_baseline(settings, record, lines)
        except (LlmevalError, OSError) as error:
            decision = exit_status.unstored(decision, "the baseline is as it was")
            said.append(f"llmeval: {error}")
        said += exporting.export(grounds, record, stored, decision.line)
        said += tell_users(stored) if tell_users is not None else []
        exporting.forget_old(settings)
    if settings.gate == "off":
        said += telling.stale(record.results, started_s=grounds.started_s, max_age_days=settings.max_age)
    said += telling.expired(grounds)
    said += needs_recording(record)
    if record.spend is not None:
        said.append(telling.spent(record.spend))
    said += exporting.tell_github(settings, record, os.environ)
    return Conclusion(record, decision, said, stored)

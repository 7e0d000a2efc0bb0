"""What is known beside a session that is over: the baseline's lines and answers, and the sessions before it.

The baseline holds scores, not texts. What its draws said stands in this session where they are replayed, in the
recordings beside the test modules, and in the sessions that drew them, as far as those are on this machine.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_llmeval.exports.beside import Beside
from pytest_llmeval.gather import past

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.records import CheckId, Line, Session

_MOST_PAST, _MOST_BARS = 30, 15


def beside(grounds: Grounds, session: Session, ending: str) -> Beside:
    """Return all of it, for a report that has the room.

    Raises:
        LlmevalError: the baseline cannot be read.
    """
    from pytest_llmeval.store import named_recordings

    settings, lines = grounds.settings, _lines(grounds, session)
    tests = {id_.test for id_ in lines}
    recorded = partial(named_recordings.texts_beside, settings.root, tests, settings.recordings)
    return Beside(
        lines=lines,
        answers=past.drawn(settings.folder, session, lines, recorded),
        past=past.before(settings.folder, session, most=_MOST_PAST),
        ending=ending,
    )


def bars(grounds: Grounds, session: Session) -> Beside:
    """Return what the terminal draws: the lines that were compared with, and the last sessions of this branch."""
    return Beside(
        lines=_lines(grounds, session) if session.verdict is not None else {},
        past=past.before(grounds.settings.folder, session, most=_MOST_BARS - 1, branch=session.branch),
    )


def _lines(grounds: Grounds, session: Session) -> Mapping[CheckId, Line]:
    """Return the baseline's lines of the session's cases; none where the baseline is being made anew."""
    if grounds.settings.baseline_update:
        return {}
    from pytest_llmeval import gate

    baseline = grounds.baseline
    if session.plan.variants:
        baseline = gate.of_arms(baseline, gate.lines_of(session.id, session.results))
    tests = {result.id.test for result in session.results}
    return {id_: line for id_, line in baseline.lines.items() if id_.test in tests}

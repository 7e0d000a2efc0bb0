"""What is known beside a session that is over: the baseline's lines and answers, and the sessions before it.

The baseline holds scores, not texts. What its draws said stands in this session where they are replayed, in the
recordings beside the test modules, and in the sessions that drew them, as far as those are on this machine.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports.beside import Beside
from pytest_llmeval.gather import past

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.records import CheckId, Line, Session

_MOST_PAST, _MOST_BARS = 30, 15


class Place(NamedTuple):
    """Where it is looked for.

    Args:
        root: of the project.
        folder: of its sessions.
        recordings: name of the folder beside each test module that holds its recordings.
    """

    root: Path
    folder: Path
    recordings: str


def beside(grounds: Grounds, session: Session, ending: str) -> Beside:
    """Return all of it, for a report that has the room.

    Raises:
        LlmevalError: the baseline cannot be read.
    """
    settings = grounds.settings
    place = Place(settings.root, settings.folder, settings.recordings)
    return found(place, session, _lines(grounds, session), ending)


def found(place: Place, session: Session, lines: Mapping[CheckId, Line], ending: str) -> Beside:
    """Return what stands beside a session, whoever found out which lines it is compared with.

    Args:
        place: where to look.
        session: that is over.
        lines: of the baseline.
        ending: what its exit status meant.
    """
    from pytest_llmeval.store import named_recordings

    recorded = partial(named_recordings.texts_beside, place.root, {id_.test for id_ in lines}, place.recordings)
    return Beside(
        lines=lines,
        answers=past.drawn(place.folder, session, lines, recorded),
        past=past.before(place.folder, session, most=_MOST_PAST),
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

"""What is known beside a stored session, as far as baseline, recordings and other sessions on this machine tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval import gate
from pytest_llmeval.ending import known
from pytest_llmeval.errors import GitError
from pytest_llmeval.gate.acceptances import hold
from pytest_llmeval.gather import past
from pytest_llmeval.records import Baseline
from pytest_llmeval.store import baseline_history, baselines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.records import CheckId, Line, Session


def beside(found: Project, session: Session) -> Beside:
    """Return what pytest's own report had beside the session, if it is still there.

    Raises:
        LlmevalError: the baseline cannot be read.
    """
    place = known.Place(found.root, found.folder, found.recordings)
    return known.found(place, session, _lines(found, session), session.exit_line)


def _lines(found: Project, session: Session) -> Mapping[CheckId, Line]:
    """Return the baseline's lines of the session's cases, without those that know of this session or of later ones."""
    if session.settings.get("baseline_update"):
        return {}
    own = gate.lines_of(session.id, session.results)
    baseline = gate.of_arms(_baseline(found, session), own)
    tests = {line.id.test for line in own}
    return {
        id_: line
        for id_, line in baseline.lines.items()
        if id_.test in tests and not any(past.is_own_or_later(draw.run, session.id) for draw in line.draws)
    }


def _baseline(found: Project, session: Session) -> Baseline:
    """Return what the session was compared with: its base commit's baseline, else that of the working tree."""
    folder, against = found.baseline(None), session.against
    own = baselines.read(folder)
    if against is None or not against.commit:
        return own
    try:
        stored = baseline_history.read_at(folder, against.commit)
    except GitError:  # a session of another clone, or a commit that is gone
        return Baseline()
    if against.is_fork:
        return stored
    accepted = {line.id for line in against.accepted}
    branch = Baseline(lines={id_: line for id_, line in own.lines.items() if id_ in accepted}, runs=own.runs)
    return hold(stored, branch, today=session.started_at[:10]).baseline

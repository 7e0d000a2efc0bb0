"""``--llmeval-report=html``: puts beside the stored session what the report shows beside it, and has it written.

The baseline holds scores, not texts. What its draws said stands in this session where they are replayed, in the
recordings beside the test modules, and in the sessions that drew them, as far as those are on this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gather import past, session_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.records import CheckId, Line, Session

_MOST_PAST, _MOST_RUNS = 30, 5


def write(grounds: Grounds, path: Path, target: Path, ending: str) -> None:
    """Write the report.

    Args:
        grounds: what the session was judged by.
        path: of the stored session, which has every request and answer.
        target: where the report is to stand.
        ending: what the exit status is, and why.

    Raises:
        LlmevalError: it cannot be written, the extra is missing, or the baseline cannot be read.
    """
    from pytest_llmeval.exports import html

    session = session_file.read(path)
    lines = _lines(grounds, session)
    beside = html.Beside(
        lines=lines,
        answers=_answers(grounds, session, lines),
        past=past.before(grounds.settings.folder, session, most=_MOST_PAST),
        ending=ending,
    )
    html.write(session, target, beside)


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


def _answers(grounds: Grounds, session: Session, lines: Mapping[CheckId, Line]) -> Mapping[str, str]:
    """Return the texts of the baseline's draws, from the nearest place that has them."""
    here = {call.origin for result in session.results for trial in result.trials for call in trial.calls}
    runs = {draw.origin: draw.run for line in lines.values() for draw in line.draws if draw.origin not in here}
    runs.pop("", None)
    found: dict[str, str] = {}
    settings = grounds.settings
    if runs and settings.recordings:
        from pytest_llmeval.store import named_recordings

        files = named_recordings.files_beside(settings.root, {id_.test for id_ in lines}, settings.recordings)
        found = named_recordings.texts(files, runs.keys())
    missing = {origin: run for origin, run in runs.items() if origin not in found}
    # The newest runs first: of a baseline that was extended for years not every session is read.
    for run in sorted(set(missing.values()), reverse=True)[:_MOST_RUNS]:
        found |= past.answers(settings.folder, run, {origin for origin, of in missing.items() if of == run})
    return found

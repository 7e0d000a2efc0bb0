"""Session → its verdict, its table and what moved, in the words that the terminal has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports import headline, wording
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.records import Verdict
from pytest_llmeval.ui.text import BAD, GOOD, OPEN, Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Json, Session

_TONES = {Verdict.REGRESSED: BAD, Verdict.UNCHANGED: GOOD, Verdict.IMPROVED: GOOD}


def sentences(session: Session) -> Iterator[Sentence]:
    """Yield the verdict, what the exit status means, what the session lacks, then all else that is said."""
    verdict = session.verdict
    if verdict is None:
        n_below = sum(line.is_below for line in worst_lines(session))
        yield Sentence(wording.without_gate(session, n_below), BAD if session.exit_status else "")
    elif verdict.invalid:
        yield from (Sentence(f"NO VERDICT POSSIBLE: {reason}", BAD) for reason in verdict.invalid)
    said = headline.brief(verdict) if verdict else ()
    own = [text for text in said if verdict and headline.is_about(text, verdict.verdict)]
    if verdict and not verdict.invalid:
        tone = _TONES.get(verdict.verdict, OPEN)
        yield from (Sentence(text, tone) for text in own or [verdict.verdict.upper()])
    if session.exit_line:
        yield Sentence(session.exit_line)
    yield from _lacks(session)
    yield from (Sentence(text, tone_of(text)) for text in said if text not in own)


def _lacks(session: Session) -> Iterator[Sentence]:
    if session.lost:
        yield Sentence(
            f"LOST: {wording.count(len(session.lost), 'test')} brought no result: {'; '.join(session.lost)}", BAD
        )
    if session.stopped:
        yield Sentence(f"stopped early ({session.stopped})", OPEN)
    if session.selection:
        yield Sentence(f"a selection ({session.selection})", OPEN)
    if session.contest is not None:
        yield from map(Sentence, session.contest.sentences)
    if session.uncalibrated:
        yield Sentence(wording.uncalibrated(session), OPEN)


def tone_of(words: str) -> str:
    """Return the tone of a sentence of the gate's, by the verdict that it begins with."""
    found = next((verdict for verdict in Verdict if headline.is_about(words, verdict)), None)
    return "" if found is None else _TONES.get(found, OPEN)


def facts(session: Session) -> str:
    """Say when and of what the session was."""
    where = f", commit {session.commit} on {session.branch}" if session.commit else ""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(session.versions.items()))
    return f"session {session.id}, {session.started_at}, {session.duration_s:.1f} s{where}; {versions}"


def figures(session: Session) -> list[dict[str, Json]]:
    """Return a row for each suite and metric, as the terminal has it."""
    compared = session.verdict.comparisons if session.verdict else ()
    comparisons = {(found.suite, found.metric, found.arm): found for found in compared}
    rows = []
    for summary in session.summaries:
        shown = wording.figures(summary, comparisons.get((summary.suite, summary.metric, summary.arm)))
        metric = f"{summary.metric} @{summary.arm}" if summary.arm else summary.metric
        if session.verdict is None:
            shown = {name: shown[name] for name in ("mean", "95 % interval", "scored")}
        rows.append({"suite": summary.suite, "metric": metric, **shown})
    return rows


def moved(session: Session) -> tuple[WorstLine, ...]:
    """Return what regressed, then what lies furthest below its threshold."""
    return worst_lines(session)

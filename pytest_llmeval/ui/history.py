"""Sessions → the rows of a list, and the points of a chart of their means over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records import Json, Session

_N_DIGITS = 8  # of a commit
_MOST_POINTS = 60  # sessions in a chart


def rows(heads: Sequence[Session]) -> list[dict[str, Json]]:
    """Return a row for each session, under the heads of ``llmeval sessions ls``."""
    return [
        {
            "when": when(session),
            "outcome": outcome(session),
            "branch": session.branch,
            "commit": session.commit[:_N_DIGITS],
            "exit": "-" if session.exit_status is None else str(session.exit_status),
            "cases": len(session.plan.cases),
            "seconds": round(session.duration_s),
            "id": session.id,
        }
        for session in heads
    ]


def when(session: Session) -> str:
    """Return when a session began, to the minute, in UTC."""
    return session.started_at[:16].replace("T", " ")


def outcome(session: Session) -> str:
    """Say in a word or two how it ended, and whether not all of it ran."""
    return wording.outcome(session) + (", partial" if session.is_partial else "")


def name(session: Session) -> str:
    """Name a session for whoever chooses one."""
    where = f", {session.branch} {session.commit[:_N_DIGITS]}" if session.commit else ""
    return f"{when(session)}{where}: {outcome(session)} ({session.id.rpartition('-')[2]})"


def suites(heads: Sequence[Session]) -> list[str]:
    """Return the suites that have means, sorted."""
    return sorted({summary.suite for session in heads for summary in session.summaries})


def branches(heads: Sequence[Session]) -> list[str]:
    """Return the branches, the one of the newest session first."""
    return list(dict.fromkeys(session.branch for session in heads if session.branch))


def points(heads: Sequence[Session], suite: str, *, branch: str = "") -> list[dict[str, Json]]:
    """Return the means of a suite over time, the oldest first; sessions that ran only a part are left out.

    Args:
        heads: the newest first.
        suite: its name.
        branch: only sessions of that branch; empty for all.
    """
    whole = [session for session in heads if not session.is_partial and branch in ("", session.branch)]
    return [
        {
            "session": session.id,
            "when": when(session),
            "metric": f"{summary.metric} @{summary.arm}" if summary.arm else summary.metric,
            "mean": summary.mean,
            "low": summary.low,
            "high": summary.high,
            "cases": summary.n_cases,
            "outcome": outcome(session),
        }
        for session in whole[:_MOST_POINTS][::-1]
        for summary in session.summaries
        if summary.suite == suite and summary.mean is not None
    ]

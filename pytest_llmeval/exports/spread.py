"""Session → how the means of its cases lie, beside the baseline's, and how its own went, in bars.

For ``-v``: a fall of the mean by 0.1 is one case lost, or all of them a little worse, and a look tells which.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.sparkline import fullest, histogram, sparkline
from pytest_llmeval.records import tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.table import Table

    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.records import CheckId, Line, Session, Summary

    Key = tuple[str, str, str]
    Means = Mapping[CheckId, float]

LEAST_CASES = 5
"""Of fewer cases a picture says less than the list of them."""
_LONGEST_NAME = 24  # what 80 columns have left


def case_means(session: Session) -> dict[Key, Means]:
    """Return the mean of each case over its scored trials, in [0, 1], by suite, metric and arm."""
    found: dict[Key, dict[CheckId, float]] = {}
    for result in session.results:
        for one in tally(*result.id, result.trials, result.checks, arm=result.arm):
            if one.mean is not None:
                found.setdefault((result.suite, one.id.metric, result.arm), {})[one.id] = one.mean
    return dict(found)


def trend_of(key: Key, sessions: Iterable[Session]) -> list[float | None]:
    """Return the mean of a suite's metric in each session; None where it has none."""
    return [
        next((one.mean for one in session.summaries if (one.suite, one.metric, one.arm) == key), None)
        for session in sessions
    ]


def spread(session: Session, beside: Beside, *, ascii_only: bool) -> tuple[Table, list[str]] | None:
    """Return a table with a row for each suite and metric of which bars tell something, and how to read it.

    Args:
        session: with its results.
        beside: the baseline's lines, and the sessions before; without either the column is left out.
        ascii_only: digits in the place of bars.

    Returns:
        None where no bar tells anything.
    """
    from rich.table import Table
    from rich.text import Text

    means = case_means(session)
    lines, past = beside.lines, beside.past
    rows = [(one, *_bars(one, means, lines, past, session, ascii_only=ascii_only)) for one in session.summaries]
    rows = [row for row in rows if any(row[1:])]
    if not rows:
        return None
    columns = ["metric", *(["baseline"] if lines else []), "here", *(["trend"] if past else [])]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    for column in columns:
        table.add_column(column, overflow="fold")
    with_suite = len({one.suite for one in session.summaries}) > 1
    suite = None
    for summary, before, here, trend in rows:
        if with_suite and summary.suite != suite:
            suite = summary.suite
            table.add_row(Text(_name(suite or "(no suite)", ascii_only=ascii_only), "bold"))
        name = f"{summary.metric} @{summary.arm}" if summary.arm else summary.metric
        shown = _name(name, ascii_only=ascii_only)
        cells = [*([before] if lines else []), here, *([trend] if past else [])]
        table.add_row(Text(("  " if with_suite else "") + shown), *map(Text, cells))
    return table, _legend(session, past, has_cases=any(row[2] for row in rows))


def _bars(
    summary: Summary,
    means: Mapping[Key, Means],
    lines: Mapping[CheckId, Line],
    past: Sequence[Session],
    session: Session,
    *,
    ascii_only: bool,
) -> tuple[str, str, str]:
    """Return the baseline's cases, this session's, and the means of sessions; empty where there is nothing to see."""
    key = (summary.suite, summary.metric, summary.arm)
    here = means.get(key, {})
    stored = (lines[id_] for id_ in here if id_ in lines)
    before = [fsum(line.scores) / len(line.scores) for line in stored if line.scores]
    cases = ("", "")
    if len(here) >= LEAST_CASES:
        values = list(here.values())
        full = max(fullest(values), fullest(before))
        old = histogram(before, full=full, ascii_only=ascii_only) if before else ""
        cases = (old, histogram(values, full=full, ascii_only=ascii_only))
    trend = trend_of(key, (*past, session))
    is_trend = sum(mean is not None for mean in trend) > 1
    return *cases, sparkline(trend, ascii_only=ascii_only) if is_trend else ""


def _legend(session: Session, past: Sequence[Session], *, has_cases: bool) -> list[str]:
    said = ["cases by their means, 0 to 1 from left to right"] if has_cases else []
    if past:
        where = f" on {plain(session.branch, limit=_LONGEST_NAME)}" if session.branch else ""
        said.append(f"trend: the last {len(past) + 1} whole sessions{where}, this one on the right")
    return said


def _name(text: str, *, ascii_only: bool) -> str:
    return plain(text, limit=_LONGEST_NAME, ascii_only=ascii_only)

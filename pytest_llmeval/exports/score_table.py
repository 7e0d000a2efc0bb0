"""Session → a row for each suite and metric, as rich draws it; what does not fit the page is left out by its worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports import wording
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.records import Verdict

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pytest_llmeval.records import Session

_LONGEST_NAME = 160
_ENDLESS = 10_000
_STYLES = {Verdict.REGRESSED: "red", Verdict.IMPROVED: "green"}
_PLAIN = ("mean", "95 % interval", "scored")
_COMPARED = ("mean", "95 % interval", "baseline", "change", "could show", "scored")


def score_table(session: Session, console: Console, *, ascii_only: bool) -> Table:
    """Return the table that fits the console.

    Where a baseline was compared, its mean, the change and the smallest drop that could have shown stand beside the
    mean and its interval; where the page is narrow the smallest drop goes first, since the sentences above tell it.
    """
    from rich.measure import Measurement

    if session.verdict is None:
        return _table(session, _PLAIN, ascii_only=ascii_only)
    is_sampled = any(found.mde is not None for found in session.verdict.comparisons)
    compared = tuple(name for name in _COMPARED if is_sampled or name != "could show")
    whole = _table(session, compared, ascii_only=ascii_only)
    endless = console.options.update(width=_ENDLESS)
    if Measurement.get(console, endless, whole).maximum <= console.width:
        return whole
    return _table(session, tuple(name for name in compared if name != "could show"), ascii_only=ascii_only)


def _table(session: Session, columns: tuple[str, ...], *, ascii_only: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def shown(text: str) -> str:
        return plain(text, limit=_LONGEST_NAME, ascii_only=ascii_only)

    table = Table(
        box=box.Box(str(box.SIMPLE_HEAD).replace("─", "-"), ascii=True) if ascii_only else box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="",
    )
    table.add_column("metric", overflow="fold")
    for name in columns:
        table.add_column(name, justify="right", overflow="fold")
    compared = session.verdict.comparisons if session.verdict else ()
    comparisons = {(found.suite, found.metric, found.arm): found for found in compared}
    has_suites = len({summary.suite for summary in session.summaries}) > 1
    suite = None
    for summary in session.summaries:
        if has_suites and summary.suite != suite:
            suite = summary.suite
            table.add_row(Text(shown(suite or "(no suite)"), "bold"))
        found = comparisons.get((summary.suite, summary.metric, summary.arm))
        figures = wording.figures(summary, found)
        style = _STYLES.get(found.verdict, "") if found is not None else ""
        name = f"{summary.metric} @{summary.arm}" if summary.arm else summary.metric
        cells = (Text(figures[column], style if column == "change" else "") for column in columns)
        table.add_row(Text(("  " if has_suites else "") + shown(name)), *cells)
    return table

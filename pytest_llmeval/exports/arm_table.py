"""Contest → one table: what each arm gains over its reference, metric by metric and tag by tag, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.wording import count
from pytest_llmeval.records import Duel, Expense, ExpenseDifference, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from pytest_llmeval.records import Contest

Row = tuple[str, str, str, str, str]

_LONGEST_NAME = 100
HEADS = ("variants", "difference", "95 % interval", "could show", "")
"""Of the columns."""

_OF_EXPENSE = {Expense.COST_USD: "dollars a trial", Expense.LATENCY_S: "seconds a trial"}


def arm_table(contest: Contest, *, ascii_only: bool) -> Table:
    """Return the table; differences are arm minus reference, on the scale of the means, and in dollars and seconds."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.Box(str(box.SIMPLE_HEAD).replace("─", "-"), ascii=True) if ascii_only else box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="",
    )
    for head in HEADS:
        is_figure = head not in ("variants", "")
        table.add_column(head, justify="right" if is_figure else "left", overflow="fold")
    for name, *cells in rows(contest):
        indent = len(name) - len(name.lstrip())
        text = plain(name, limit=_LONGEST_NAME, ascii_only=ascii_only)
        table.add_row(Text(" " * indent + text, "" if indent else "bold"), *cells)
    return table


def rows(contest: Contest) -> Iterator[Row]:
    """Yield the rows: a head without figures, then who against whom, then by tag."""
    with_suite = len({duel.suite for duel in contest.duels}) > 1
    groups: dict[str, list[Duel]] = {}
    for duel in contest.duels:
        label = f"{duel.suite} {duel.metric}" if with_suite else duel.metric
        groups.setdefault(f"{label}, against {duel.reference}", []).append(duel)
    for head, duels in groups.items():
        yield head, "", "", "", ""
        for duel in duels:
            yield from _of_duel(duel)
    of_head: dict[str, list[ExpenseDifference]] = {}
    for one in sorted(contest.expenses, key=lambda one: list(Expense).index(one.expense)):
        of_head.setdefault(f"{_OF_EXPENSE[one.expense]}, against {one.reference}", []).append(one)
    for head, found in of_head.items():
        yield head, "", "", "", ""
        yield from map(_of_expense, found)


def _of_duel(duel: Duel) -> Iterator[Row]:
    if duel.standing is Standing.NOT_COMPARED:
        yield f"  {duel.arm}", "-", "-", "-", duel.standing.value
        return
    visible = "none" if duel.mde is None else f"{duel.mde:.3f}"
    standing = "for information" if duel.is_informational else duel.standing.value
    yield f"  {duel.arm}", f"{duel.gain:+z.3f}", _interval(duel.low, duel.high), visible, standing
    for one in duel.slices:
        name = f"    {one.tag} ({count(one.n_cases, 'case')})"
        yield name, f"{one.gain:+z.3f}", _interval(one.low, one.high), "", ""


def _of_expense(one: ExpenseDifference) -> Row:
    interval = "-" if one.low is None or one.high is None else f"{one.low:+.3g} to {one.high:+.3g}"
    factor = f"{one.arm_mean / one.reference_mean:.2g} x" if one.reference_mean > 0 else ""
    return f"  {one.arm}", f"{one.difference:+.3g}", interval, "", factor


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:+z.3f} to {high:+z.3f}"

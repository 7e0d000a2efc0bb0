"""The tables that are printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ratios import Row

HEADINGS = ("work", "limit", "ours", "95 % interval", "target", "")
PEER_HEADINGS = ("work", "limit", "peer", "95 % interval")


def table(rows: Iterable[Row]) -> str:
    """Return the rows against their limits."""
    return _aligned([HEADINGS, *map(_cells, rows)])


def peer_table(rows: Iterable[Row]) -> str:
    """Return the peers' rows, which have no target."""
    return _aligned([PEER_HEADINGS, *(_cells(row)[:4] for row in rows)])


def _cells(row: Row) -> tuple[str, ...]:
    if row.error:
        return (row.work, row.limit, row.verdict, "", "", row.verdict)
    low, high = row.interval
    target = "" if row.target is None else f"<= {row.target:g}{row.unit}"
    between = "" if row.is_exact else f"{_number(low)} to {_number(high)}"
    point = f"{row.point:g}" if row.is_exact else _number(row.point)
    return (row.work, row.limit, f"{point}{row.unit}", between, target, row.verdict)


def _number(value: float) -> str:
    """Return four digits near 1, where 1 % is a target, and fewer above."""
    return f"{value:.3f}" if value < 2 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )

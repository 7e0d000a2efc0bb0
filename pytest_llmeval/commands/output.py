"""Text and tables on standard output; what models, datasets and file names bring along is made inert."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from pytest_llmeval.exports.inert import disarm, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_llmeval.store.postgres.address import Address

# Wide enough for any row: where the output is no terminal, a table must not fold, or grep finds half a case.
_ENDLESS = 10_000


def inert(text: str, *, limit: int = 200) -> str:
    """Return the text as one line of visible characters, at most ``limit`` of them."""
    return plain(text, limit=limit)


def shown(place: Path | Address) -> str:
    """Return a path from the current folder, as a person would type it; of a database its address, without a secret."""
    return inert(os.path.relpath(place) if isinstance(place, os.PathLike) else str(place), limit=4096)


def say(*lines: str) -> None:
    """Print the lines; a character that standard output cannot show is spelt as an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    page = disarm("".join(f"{line}\n" for line in lines))
    sys.stdout.write(page.encode(encoding, "backslashreplace").decode(encoding))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: on a terminal as wide as that, else as wide as its rows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # No rules: they are not ASCII, and nothing to grep for.
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(Text(inert(cell)) for cell in row))
    page = io.StringIO()
    Console(file=page, width=None if sys.stdout.isatty() else _ENDLESS, color_system=None).print(table)
    say(*(line.rstrip() for line in page.getvalue().splitlines()))

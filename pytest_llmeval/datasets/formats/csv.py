"""CSV and TSV as spreadsheets and ``csv.writer`` write them: a header, then a row a case; every cell is text.

Source:
    RFC 4180. A semicolon in the place of the comma is what spreadsheets write where the comma is a decimal point.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json

if TYPE_CHECKING:
    from _csv import Reader

_LONGEST_CELL = 2**31 - 1


def read(path: Path, shown: str) -> Iterator[tuple[int, Json]]:
    """Yield the rows by column, each with the number of its first line; an empty cell is None."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, _long_cells():
            first = file.readline()
            file.seek(0)
            lines = csv.reader(file, delimiter=_delimiter(path, first), strict=True)
            yield from _rows(lines, shown)
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown} is not UTF-8", found=str(error), hint="save the file as UTF-8") from None


def _delimiter(path: Path, header: str) -> str:
    if path.suffix.lower() != ".csv":
        return "\t"
    return ";" if ";" in header and "," not in header else ","


def _rows(lines: Reader, shown: str) -> Iterator[tuple[int, Json]]:
    header: list[str] = []
    before = 0
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as error:
            raise UsageError(
                f"{shown}:{before + 1} is not CSV", found=str(error), hint='a quote inside a cell is written ""'
            ) from None
        if cells is None:
            return
        line, before = before + 1, lines.line_num
        if not cells:
            continue
        if not header:
            header = _header(cells, f"{shown}:{line}")
            continue
        # A spreadsheet fills what lies below the table with empty cells.
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise UsageError(
                f"{shown}:{line} has {len(cells)} cells, its header {len(header)}",
                found=f"got {cells!r}"[:200],
                hint="a cell with a comma, a line break or a quote stands in quotes",
            )
        yield line, {name: cell or None for name, cell in zip(header, cells, strict=True)}


def _header(cells: list[str], place: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    for number, name in enumerate(names, 1):
        if not name:
            raise UsageError(
                f"{place}: column {number} has no name",
                found=f"the header is {names!r}"[:200],
                hint="name it, or leave it out (pandas: to_csv(..., index=False))",
            )
        if names.count(name) > 1:
            raise UsageError(f"{place} has the column {name!r} twice", hint="give each column its own name")
    return names


@contextmanager
def _long_cells() -> Iterator[None]:
    """Lift the limit of 128 KiB a cell, which a context may well pass; it is the process's, so it is put back."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)

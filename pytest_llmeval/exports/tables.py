"""Rows → JSON Lines, CSV or Parquet.

In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it; what is nested is JSON there and
in Parquet. JSON Lines hold every value as it is.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmeval.exports.conventions import Row
    from pytest_llmeval.records import Json

# Source: OWASP, "CSV Injection"; a line feed or tab before one of them does not help.
_INT64 = 2**63
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def jsonl(rows: Iterable[Row]) -> bytes:
    """Return a JSON object a line, ASCII."""
    return "".join(f"{json.dumps(row, allow_nan=False)}\n" for row in rows).encode("ascii")


def as_csv(rows: Iterable[Row]) -> bytes:
    """Return CSV by RFC 4180 in UTF-8, with a head; None is an empty cell."""
    every = list(rows)
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    columns = _columns(every)
    if columns:
        writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in every)
    return page.getvalue().encode("utf-8", "replace")


def parquet(rows: Iterable[Row]) -> bytes:
    """Return Parquet: text, whole numbers, numbers and yes or no as such; what is nested as JSON text.

    Raises:
        LlmevalError: pyarrow is not there.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise LlmevalError(
            "Parquet needs pyarrow, which is not installed", hint="python -m pip install 'pytest-llmeval[parquet]'"
        ) from None
    every = list(rows)
    columns = {name: [_value(row.get(name)) for row in every] for name in _columns(every)}
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    arrays = {}
    for name, values in columns.items():
        kind = _kind(values)
        same = [str(value) if kind is str and value is not None else value for value in values]
        arrays[name] = pa.array(same, type=types[kind])
    table = pa.table(arrays)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


FORMATS = {"jsonl": jsonl, "csv": as_csv, "parquet": parquet}


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _value(value: Json) -> str | float | bool | None:
    if isinstance(value, str):
        # A lone surrogate is no UTF-8.
        return value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else value


def _kind(values: Sequence[str | float | bool | None]) -> type:
    """Return the one type of a column; text where there are several, or a whole number that no column can hold."""
    found = {type(value) for value in values if value is not None}
    if any(type(value) is int and not -_INT64 <= value < _INT64 for value in values):
        return str
    if found <= {int, float}:
        return int if found == {int} else float
    return found.pop() if len(found) == 1 else str


def _cell(value: Json) -> str | float | None:
    shown = _value(value)
    if isinstance(shown, bool):
        return "true" if shown else "false"
    return f"'{shown}" if isinstance(shown, str) and shown.startswith(_FORMULA) else shown

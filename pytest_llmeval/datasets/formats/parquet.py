"""Parquet, by pyarrow: a column a field. Dates and times become ISO text; bytes and decimals are refused.

Source:
    https://arrow.apache.org/docs/python/parquet.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

from pytest_llmeval.datasets.formats import installed
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json

_ROWS_AT_ONCE = 1000


def read(path: Path, shown: str) -> Iterator[tuple[int, Json]]:
    """Yield the rows by column, each with its number from 1."""
    parquet = installed("pyarrow.parquet", shown, extra="parquet")
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise UsageError(f"{shown} has the column {twice[0]!r} twice", hint="give each column its own name")
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {name: _json(value, f"{shown}, row {number}", name) for name, value in row.items()}
    except ValueError as error:  # pyarrow's own errors are kinds of it
        raise UsageError(f"{shown} is not Parquet", found=" ".join(str(error).split())[:200]) from None


def _json(value: object, place: str, column: str) -> Json:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _json(one, place, column) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(one, place, column) for one in value]
    found = str(value) if isinstance(value, float) else type(value).__name__
    raise UsageError(
        f"{place}: field {column!r} holds what JSON cannot", found=found, hint="cast the column to text or numbers"
    )

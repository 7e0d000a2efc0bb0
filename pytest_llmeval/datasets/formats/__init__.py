"""How rows are written in a file, told by the end of its name; one format a module.

Each module has ``read(path, shown)``, which yields the number of a row's first line (of a Parquet file: of the row) and
the row, a JSON value; it raises UsageError with the place of what it cannot read.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json
from pytest_llmeval.records.frozen import dataclass


@dataclass(frozen=True)
class Format:
    """One way to write rows.

    Args:
        name: as people call it.
        suffixes: ends of file names.
        module: the one that reads it.
        unit: what is counted in a message: line or row.
        is_table: every row has the same columns; what is empty is None.
        is_text: every value is the text of a cell.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    unit: str = "line"
    is_table: bool = False
    is_text: bool = False

    def read(self, path: Path, shown: str) -> Iterator[tuple[int, Json]]:
        """Yield the rows of a file, each with its number.

        Raises:
            UsageError: the file cannot be read, or what reads it is not installed.
        """
        module = import_module(f"{__name__}.{self.module}")
        try:
            yield from cast("Iterator[tuple[int, Json]]", module.read(path, shown))
        except OSError as error:
            raise UsageError(
                f"cannot read cases={str(path)!r}", found=str(error), hint="a path is relative to the test"
            ) from None


FORMATS = (
    Format("JSON Lines", (".jsonl", ".ndjson"), "jsonl"),
    Format("JSON", (".json",), "json"),
    Format("CSV", (".csv",), "csv", is_table=True, is_text=True),
    Format("TSV", (".tsv", ".tab"), "csv", is_table=True, is_text=True),
    Format("YAML", (".yaml", ".yml"), "yaml"),
    Format("Parquet", (".parquet",), "parquet", unit="row", is_table=True),
)
SUFFIXES = tuple(suffix for one in FORMATS for suffix in one.suffixes)


def format_of(path: Path, shown: str) -> Format:
    """Return the format that a file's name tells, in capitals or not.

    Raises:
        UsageError: it tells none.
    """
    for one in FORMATS:
        if path.suffix.lower() in one.suffixes:
            return one
    raise UsageError(
        f"cases={shown!r} is of no known format",
        found=f"its name ends with {path.suffix!r}",
        hint="names end with " + ", ".join(SUFFIXES),
    )


def installed(module: str, shown: str, *, extra: str) -> Json:
    """Import what an extra brings.

    Raises:
        UsageError: it is not there; the message has the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError:
        raise UsageError(
            f"cannot read {shown!r}: {module.partition('.')[0]} is not installed",
            hint=f"pip install 'pytest-llmeval[{extra}]'",
        ) from None

"""JSON Lines: an object a line. Read line by line, so a file may be larger than what its cases need.

Source:
    https://jsonlines.org
"""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path

from pytest_llmeval.datasets.formats.strict import BOM_UTF8, DECODER, decoded, reason
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json


def read(path: Path, shown: str) -> Iterator[tuple[int, Json]]:
    """Yield the objects, each with the number of its line; empty lines are passed over."""
    decode = DECODER.decode
    # As bytes a file has only one end of a line: U+2028 and its like may stand inside a JSON string.
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = decoded(line.removeprefix(BOM_UTF8) if number == 1 else line, f"{shown}:{number}")
            if text.isspace() or not text:
                continue
            try:
                yield number, decode(text)
            except (ValueError, RecursionError) as error:
                at = f" at column {error.colno}" if isinstance(error, JSONDecodeError) else ""
                raise UsageError(
                    f"{shown}:{number} is not JSON", found=f"{reason(error)}{at}", hint="one JSON object a line"
                ) from None

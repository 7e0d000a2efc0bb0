"""Samples of inspect_ai, as its ``json_dataset`` and ``csv_dataset`` read them.

Source:
    https://inspect.aisi.org.uk/datasets.html, and ``inspect_ai/dataset/_util.py`` for what a cell holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.datasets.shapes.fields import check, from_json, rename, tag
from pytest_llmeval.records import Json


@dataclass(frozen=True)
class _Message:
    role: str
    content: str | list[dict[str, Json]]


@dataclass(frozen=True)
class _Sample:
    input: str | list[_Message]
    target: str | int | float | list[str | int | float] | None = None
    choices: list[str | int | float] | None = None
    metadata: dict[str, Json] | None = None


def ours(row: dict[str, Json], place: str, *, is_text: bool) -> dict[str, Json]:
    """Return a sample with our own fields: the target is what is expected.

    Raises:
        UsageError: a field is missing or has another type.
    """
    row = dict(row)
    from_json(row, ("metadata",), place)  # in JSON files too it may be a text of JSON
    if is_text and isinstance(row.get("choices"), str):
        row["choices"] = _choices(row["choices"])
    check(_Sample, row, place, "inspect")
    tag(row, row.get("metadata"))
    rename(row, place, expected="target")
    return row


def _choices(cell: str) -> list[str]:
    return [choice.strip() for choice in cell.split(",")] if "," in cell else cell.split()

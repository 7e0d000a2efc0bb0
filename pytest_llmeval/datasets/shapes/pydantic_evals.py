"""Cases of pydantic_evals, as ``Dataset.to_file`` writes them to YAML and JSON.

Evaluators, of a case or of the whole data set, are code by name: those of a case stay in its data, none is run.

Source:
    https://ai.pydantic.dev/evals/how-to/dataset-serialization
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.datasets.shapes.fields import check, rename, tag
from pytest_llmeval.records import Json


@dataclass(frozen=True)
class _Case:
    inputs: Json
    name: str | None = None
    evaluators: list[Json] | None = None


def ours(row: dict[str, Json], place: str, *, is_text: bool) -> dict[str, Json]:
    """Return a case with our own fields: the name is the id.

    Raises:
        UsageError: a field is missing or has another type.
    """
    del is_text  # it has no tables
    row = dict(row)
    check(_Case, row, place, "pydantic_evals")
    tag(row, row.get("metadata"))
    rename(row, place, input="inputs", expected="expected_output")
    if row.get("id") is None and row.get("name"):
        row["id"] = row.pop("name")
    return row

"""Goldens of deepeval, as ``EvaluationDataset.save_as`` writes them to JSON, JSONL and CSV.

Source:
    https://deepeval.com/docs/evaluation-datasets, and ``deepeval/dataset/golden.py`` for the names.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.datasets.shapes.fields import check, from_json, rename, tag
from pytest_llmeval.records import Json

# As the service behind it spells them.
_SNAKE = {
    "expectedOutput": "expected_output",
    "actualOutput": "actual_output",
    "retrievalContext": "retrieval_context",
    "additionalMetadata": "additional_metadata",
    "sourceFile": "source_file",
    "expectedTools": "expected_tools",
    "toolsCalled": "tools_called",
    "expectedOutcome": "expected_outcome",
    "userDescription": "user_description",
    "customColumnKeyValues": "custom_column_key_values",
}
# In JSON files too, turns are a text of JSON.
_IN_JSON = ("tools_called", "expected_tools", "additional_metadata", "custom_column_key_values", "turns")
_BETWEEN = "|"  # what save_as writes between the texts of a context


@dataclass(frozen=True)
class _Golden:
    input: str
    expected_output: str | None = None
    actual_output: str | None = None
    context: list[str] | None = None
    retrieval_context: list[str] | None = None
    additional_metadata: dict[str, Json] | None = None
    name: str | None = None


@dataclass(frozen=True)
class _Conversation:
    scenario: str
    expected_outcome: str | None = None
    context: list[str] | None = None
    turns: list[dict[str, Json]] | None = None
    additional_metadata: dict[str, Json] | None = None
    name: str | None = None


def ours(row: dict[str, Json], place: str, *, is_text: bool) -> dict[str, Json]:
    """Return a golden with our own fields; of a conversation the scenario is the input.

    Raises:
        UsageError: a field is missing or has another type.
    """
    row = {_SNAKE.get(name, name): value for name, value in row.items()}
    from_json(row, _IN_JSON, place)
    if is_text:
        for name in ("context", "retrieval_context"):
            if isinstance(row.get(name), str):
                row[name] = row[name].split(_BETWEEN)
    is_conversation = row.get("input") is None and "scenario" in row
    check(_Conversation if is_conversation else _Golden, row, place, "deepeval")
    tag(row, row.get("additional_metadata"))
    if is_conversation:
        row.pop("input", None)
        rename(row, place, input="scenario", expected="expected_outcome")
    else:
        rename(row, place, expected="expected_output")
    if row.get("context") is None and row.get("retrieval_context") is not None:
        row["context"] = row.pop("retrieval_context")
    if row.get("id") is None and row.get("name"):
        row["id"] = row.pop("name")
    return row

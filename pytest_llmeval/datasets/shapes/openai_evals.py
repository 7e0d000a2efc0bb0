"""Samples of OpenAI evals: the messages, or the text, that are the input, and the ideal answer or answers.

Source:
    https://github.com/openai/evals, docs/build-eval.md, "Formatting your data".
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.datasets.shapes.fields import check, rename
from pytest_llmeval.records import Json


@dataclass(frozen=True)
class _Message:
    role: str
    content: str | list[dict[str, Json]]


@dataclass(frozen=True)
class _Sample:
    input: str | list[_Message]
    ideal: Json = None


def ours(row: dict[str, Json], place: str, *, is_text: bool) -> dict[str, Json]:
    """Return a sample with our own fields: the ideal answer is what is expected.

    Raises:
        UsageError: a field is missing or has another type.
    """
    del is_text  # messages do not stand in cells
    row = dict(row)
    check(_Sample, row, place, "openai")
    rename(row, place, expected="ideal")
    return row

"""Tests of promptfoo: of a configuration, of a YAML, JSON or JSONL file of tests, and of a CSV file.

The variables are the input, always as a dict: a prompt is rendered from all of them. Assertions stay in the data, as
they are written; the text of one that compares with a reference answer is what is expected. Nothing is expanded: a
template, a ``file://`` and a list of values are data.

Source:
    https://www.promptfoo.dev/docs/configuration/test-cases, and ``src/csv.ts`` for the columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_llmeval.datasets.shapes.fields import check, tag
from pytest_llmeval.records import Json, digest

# Assertions whose value is an answer, and not a part, a pattern or a rubric of one.
_REFERENCES = ("equals", "similar", "factuality", "levenshtein", "rouge-n", "bleu", "gleu", "meteor")
_ASSERTION = re.compile(
    r"(?P<type>(?:not-)?[a-z][a-z-]*)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?:(?P<value>.*)", re.DOTALL
)
_OLD = {"grade": "llm-rubric", "fn": "javascript", "eval": "javascript"}
_TYPES = frozenset(
    (
        *_REFERENCES,
        *("contains", "contains-all", "contains-any", "contains-json", "contains-sql", "contains-xml", "icontains"),
        *("icontains-all", "icontains-any", "starts-with", "regex", "is-json", "is-html", "is-sql", "is-xml"),
        *("is-refusal", "llm-rubric", "model-graded-closedqa", "model-graded-factuality", "answer-relevance"),
        *("context-faithfulness", "context-recall", "context-relevance", "classifier", "moderation", "cost", "latency"),
        *("perplexity", "perplexity-score", "javascript", "python", "webhook", "g-eval", "select-best", "pi"),
    )
)


@dataclass(frozen=True)
class _Test:
    vars: dict[str, Json]
    description: str | None = None
    metadata: dict[str, Json] | None = None


def ours(row: dict[str, Json], place: str, *, is_text: bool) -> dict[str, Json]:
    """Return a test with our own fields.

    Raises:
        UsageError: it has no variables, or a field has another type.
    """
    row = _from_columns(row) if is_text else dict(row)
    check(_Test, row, place, "promptfoo")
    tag(row, row.get("metadata"))
    row["input"] = row.pop("vars")
    if row.get("expected") is None:
        row["expected"] = _reference(row.get("assert"))
    if row.get("id") is None and row.get("description"):
        # A description says what is tested, and seldom tells two tests apart.
        row["id"] = f"{row['description']}~{digest(row['input'])[:12]}"
    return row


def _reference(assertions: Json) -> Json:
    for one in assertions if isinstance(assertions, list) else ():
        if isinstance(one, dict) and one.get("type") in _REFERENCES and one.get("value") is not None:
            return one["value"]
    return None


def _from_columns(row: dict[str, Json]) -> dict[str, Json]:
    """Return a row of a table as the test it spells: columns that begin with two underscores are not variables."""
    test: dict[str, Json] = {"vars": {}}
    for name, cell in row.items():
        if not name.startswith("__"):
            test["vars"][name] = "" if cell is None else cell
        elif cell is None:
            continue
        elif name.startswith("__expected"):
            test.setdefault("assert", []).append(_assertion(cell))
        elif name.startswith("__metadata:"):
            key, is_list = name.removeprefix("__metadata:").removesuffix("[]"), name.endswith("[]")
            test.setdefault("metadata", {})[key] = _list(cell) if is_list else cell
        else:
            test[name.removeprefix("__")] = cell
    return test


def _assertion(cell: str) -> dict[str, Json]:
    """Return the assertion that a cell spells: ``contains: Paris``; without a known word in front, equality."""
    spelt = _ASSERTION.fullmatch(cell.strip())
    kind = _OLD.get(spelt["type"], spelt["type"]) if spelt else ""
    if not spelt or kind.removeprefix("not-") not in _TYPES:
        return {"type": "equals", "value": cell}
    assertion: dict[str, Json] = {"type": kind, "value": spelt["value"].strip()}
    if spelt["threshold"]:
        assertion["threshold"] = float(spelt["threshold"])
    return assertion


def _list(cell: str) -> list[str]:
    """Return the texts between the commas of a cell; a comma behind a backslash is one of the text."""
    parts = re.split(r"(?<!\\),", cell)
    return [part.strip().replace("\\,", ",") for part in parts if part.strip()]

"""What the fields of a row mean: our own shape, and those of other tools; one tool a module.

Each module has ``ours(row, place, is_text=...)``, which checks a row and renames its fields to our own. A field without
a counterpart keeps its name. A module is imported for the first row of its shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import cast

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json

OURS = "llmeval"
# The fields by which a row shows its shape, if it has no field "expected".
_WITH_INPUT = {
    "deepeval": frozenset(
        {"expected_output", "expectedOutput", "actual_output", "actualOutput", "retrieval_context", "retrievalContext"}
        | {"additional_metadata", "additionalMetadata", "expected_outcome", "expectedOutcome"}
    ),
    "inspect": frozenset({"target"}),
    "openai": frozenset({"ideal"}),
}
_WITHOUT_INPUT = {"pydantic_evals": frozenset({"inputs"}), "promptfoo": frozenset({"vars"})}
# Column names that promptfoo gives a meaning; a column may also go on behind them: __expected2, __metadata:topic.
_PROMPTFOO_COLUMNS = ("__expected", "__description", "__metadata", "__prefix", "__suffix", "__threshold", "__metric")

_MODULES = {
    "deepeval": "deepeval",
    "promptfoo": "promptfoo",
    "inspect": "inspect_ai",
    "openai": "openai_evals",
    "pydantic_evals": "pydantic_evals",
}
NAMES = (OURS, *_MODULES)
"""What may stand before the colon of ``cases="promptfoo:tests.csv"``."""
_MARKS = frozenset().union(*_WITH_INPUT.values(), *_WITHOUT_INPUT.values())


def may_be_foreign(fields: Iterable[str]) -> bool:
    """Whether a row of ours with these fields could be taken for another tool's."""
    return not _MARKS.isdisjoint(fields)


def ours(row: dict[str, Json], place: str, *, name: str = "", is_text: bool = False) -> dict[str, Json]:
    """Return a row with the fields of our own shape.

    Args:
        row: as it is written.
        place: where it stands.
        name: whose shape it is; empty where its fields show it.
        is_text: it comes from a table of text, so a list is the text of one.

    Raises:
        UsageError: its fields are not those of its shape, or show two shapes.
    """
    # By far the most rows are our own.
    if not name and not is_text and "input" in row and _MARKS.isdisjoint(row):
        return row
    shape = name or recognised(tuple(row), place, is_text=is_text)
    if shape != OURS:
        module = import_module(f"{__name__}.{_MODULES[shape]}")
        row = cast("dict[str, Json]", module.ours(row, place, is_text=is_text))
    if is_text and isinstance(row.get("tags"), str):
        return {**row, "tags": [tag for tag in map(str.strip, row["tags"].split(",")) if tag]}
    return row


def recognised(fields: tuple[str, ...], place: str, *, is_text: bool = False) -> str:
    """Return the name of the shape that the fields of a row show.

    Raises:
        UsageError: they show two.
    """
    found = _recognised(fields, is_text=is_text)
    if len(found) > 1:
        raise UsageError(
            f"{place} could be of {' or '.join(found)}",
            found=f"it has the fields {', '.join(fields)}"[:200],
            hint=f'say whose it is: cases="{found[0]}:FILE"',
        )
    return found[0]


@lru_cache(maxsize=256)
def _recognised(fields: tuple[str, ...], *, is_text: bool) -> tuple[str, ...]:
    if "expected" in fields:
        return (OURS,)
    if is_text and any(name.startswith(_PROMPTFOO_COLUMNS) for name in fields):
        return ("promptfoo",)
    if "input" not in fields:
        found = tuple(name for name, marks in _WITHOUT_INPUT.items() if not marks.isdisjoint(fields))
        if found:
            return found
    return tuple(name for name, marks in _WITH_INPUT.items() if not marks.isdisjoint(fields)) or (OURS,)

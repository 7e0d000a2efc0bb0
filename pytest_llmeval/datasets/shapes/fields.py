"""What the shapes of other tools have in common: fields checked by pydantic, JSON in cells, tags in metadata."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from pytest_llmeval.datasets.formats.strict import DECODER, reason
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json


@cache
def _adapter(kind: type) -> Json:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def check(kind: type, row: Mapping[str, Json], place: str, tool: str) -> None:
    """Check the fields of a row.

    Args:
        kind: a dataclass of the fields that the tool gives a meaning, with their types; others are not looked at.
        row: the row.
        place: where it stands.
        tool: whose shape it is.

    Raises:
        UsageError: a field is missing or has another type; the message names it.
    """
    from pydantic import ValidationError

    try:
        _adapter(kind).validate_python(row)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # Where a field may be of several types there is an error for each; the one that lies deepest says most.
        wrong = max((one for one in errors if one["loc"][0] == errors[0]["loc"][0]), key=lambda one: len(one["loc"]))
        field = _path(wrong["loc"])
        found = f"{wrong['msg']}; got {wrong['input']!r}"[:200]
        hint = f'if the file is not of {tool}, say whose it is: cases="llmeval:FILE"'
        if wrong["type"] == "missing":
            raise UsageError(
                f"{place} has no {field!r}, which a case of {tool} has", found=f"got {dict(row)!r}"[:200], hint=hint
            ) from None
        raise UsageError(f"{place}: field {field!r} does not fit a case of {tool}", found=found, hint=hint) from None


def _path(parts: tuple[int | str, ...]) -> str:
    """Return a place in a row, such as ``input[0].content``; pydantic also names the types it tried there."""
    path = str(parts[0])
    for before, part in pairwise(parts):
        if isinstance(part, int):
            path += f"[{part}]"
        elif isinstance(before, int):
            path += f".{part}"
    return path


def from_json(row: dict[str, Json], names: tuple[str, ...], place: str) -> None:
    """Put values in the place of cells that hold them as JSON.

    Raises:
        UsageError: a cell is no JSON.
    """
    for name in names:
        if isinstance(row.get(name), str):
            try:
                row[name] = DECODER.decode(row[name])
            except (ValueError, RecursionError) as error:
                raise UsageError(
                    f"{place}: field {name!r} is not JSON", found=f"{reason(error)}; got {row[name]!r}"[:200]
                ) from None


def rename(row: dict[str, Json], place: str, **names: str) -> None:
    """Give fields our own names.

    Args:
        row: what is changed.
        place: where it stands.
        names: theirs by ours.

    Raises:
        UsageError: a row has both.
    """
    for mine, theirs in names.items():
        if theirs in row:
            if row.get(mine) is not None:
                raise UsageError(f"{place} has both {mine!r} and {theirs!r}", hint="leave one of them out")
            row[mine] = row.pop(theirs)


def tag(row: dict[str, Json], metadata: Json) -> None:
    """Take the tags of a row from its metadata, where they are a list of text and the row has none itself."""
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if row.get("tags") is None and isinstance(tags, list) and all(isinstance(one, str) for one in tags):
        row["tags"] = tags

"""Cases of a test: from a JSONL file below the root, or from values in the marker."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Case, Json, digest

_FIELDS = ("id", "input", "expected", "context", "tags")
_SHOWN_LENGTH = 60


def load(source: object, *, beside: Path, root: Path) -> tuple[Case, ...]:
    """Read the cases a marker names.

    Args:
        source: path of a JSONL file, relative to the test's folder; or a sequence of Case, dict or text (the input).
        beside: folder of the test module.
        root: rootdir; a file outside it is refused.

    Raises:
        UsageError: no such file, a line that is not a JSON object, two cases of one id, or none at all; it names
            the file and the line.
    """
    if isinstance(source, (str, Path)):
        path = (beside / source).resolve()
        rows = _from_file(path, root)
        where = str(source)
    elif isinstance(source, Sequence):
        rows = ((f"case {number}", value) for number, value in enumerate(source, 1))
        where = "cases="
    else:
        raise UsageError(
            f"cases={source!r} is not allowed", hint="cases= takes the path of a JSONL file, or a list of cases"
        )
    return _unique(rows, where)


def _from_file(path: Path, root: Path) -> Iterator[tuple[str, Json]]:
    if not path.is_relative_to(root.resolve()):
        raise UsageError(
            f"cases={str(path)!r} lies outside the root", found=f"root: {root}", hint="move the file below it"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot read cases={str(path)!r}", found=str(error), hint="a path is relative to the test"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read cases={str(path)!r}", found=str(error), hint="save the file as UTF-8") from None
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except json.JSONDecodeError as error:
                raise UsageError(
                    f"{path}:{number} is not JSON", found=str(error), hint="one JSON object a line"
                ) from None


def _unique(rows: Iterable[tuple[str, Json]], where: str) -> tuple[Case, ...]:
    cases: dict[str, Case] = {}
    places: dict[str, str] = {}
    for place, row in rows:
        case = _case(row, f"{where}, {place}")
        if case.id in cases:
            raise UsageError(
                f"{where} has the case id {case.id!r} twice",
                found=f"{places[case.id]} and {place}; a case without an id is known by its input",
                hint='give each its own "id"',
            )
        cases[case.id], places[case.id] = case, place
    if not cases:
        raise UsageError(f"{where} has no cases", hint='one JSON object a line, such as {"id": "a", "input": "..."}')
    return tuple(cases.values())


def _case(row: Json, where: str) -> Case:
    if isinstance(row, Case):
        return row
    if isinstance(row, str):
        row = {"input": row}
    if not isinstance(row, dict) or "input" not in row:
        raise UsageError(f"{where} is not a case", found=f"got {row!r}"[:200], hint='a case is an object with "input"')
    id_, tags = row.get("id"), row.get("tags", [])
    if id_ is not None and (not isinstance(id_, (str, int)) or isinstance(id_, bool)):
        raise UsageError(f"{where} has the id {id_!r}", hint="an id is text")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise UsageError(f"{where} has the tags {tags!r}", hint="tags are a list of text")
    return Case(
        id=digest(row["input"])[:12] if id_ is None else str(id_),
        input=row["input"],
        expected=row.get("expected"),
        context=row.get("context"),
        tags=tuple(tags),
        data={name: value for name, value in row.items() if name not in _FIELDS},
    )


def shown_id(name: str) -> str:
    """Return the id of a case, or a variant's name, as pytest may show it: printable ASCII, short, still unique.

    The id itself is data and travels unchanged beside it.
    """
    # No backslash either: pytest would escape it once more, and the item could not be told by this id.
    text = re.sub(r"[^ -\[\]-~]", "_", name)
    if text and len(text) <= _SHOWN_LENGTH and text == name:
        return text
    # A replaced or shortened id could equal another case's plain one; the digest tells them apart.
    return f"{text[: _SHOWN_LENGTH - 13]}~{digest(name)[:12]}"

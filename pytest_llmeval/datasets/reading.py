"""From the rows of files, or from values in a test module, to cases; every error names its place and field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from pytest_llmeval.datasets import shapes
from pytest_llmeval.datasets.files import DatasetFile, find
from pytest_llmeval.datasets.formats import SUFFIXES
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Case, Json, digest

FIELDS = ("id", "input", "expected", "context", "tags")
Placed: TypeAlias = tuple[str, Case]
"""Where a case stands, as a message names it, and the case."""
_LONGEST_NAME = 255


def read(source: object, *, beside: Path, root: Path | None = None, allowed: Sequence[Path] = ()) -> Iterator[Placed]:
    """Yield the cases that a test names, each with its place, in their order.

    Args:
        source: a path or pattern as text or Path (see ``files.find``); or a sequence whose items are cases, dicts,
            text (an input) or Paths (files).
        beside: folder of the test module.
        root: rootdir; None where a person names the file.
        allowed: files and folders outside the root that may be read.

    Raises:
        UsageError: a file cannot be read, or a row is no case.
    """
    if isinstance(source, (str, Path)):
        for file in find(source, beside=beside, root=root, allowed=allowed):
            for place, row in rows(file):
                yield place, case_at(row, place, file)
    elif isinstance(source, Sequence):
        for number, value in enumerate(source, 1):
            if isinstance(value, Path):
                yield from read(value, beside=beside, root=root, allowed=allowed)
            else:
                place = f"cases=, case {number}"
                yield place, _inline(value, place, beside)
    else:
        raise UsageError(f"cases={source!r} is not allowed", hint="cases= takes the path of a file, or a list of cases")


def rows(file: DatasetFile) -> Iterator[tuple[str, Json]]:
    """Yield the rows of a file as they are written, each with its place; errors as of ``read``."""
    separator = ":" if file.format.unit == "line" else f", {file.format.unit} "
    for number, row in file.format.read(file.path, file.shown):
        yield f"{file.shown}{separator}{number}", row


def case_at(row: Json, place: str, file: DatasetFile) -> Case:
    """Make a case of a row, by the shape that was named or that its fields show.

    Raises:
        UsageError: it is none; the message names the place and the field.
    """
    form = file.format
    if isinstance(row, dict):
        row = shapes.ours(row, place, name=file.shape, is_text=form.is_text)
        if form.is_table and "input" not in row:
            raise UsageError(
                f"{place} is not a case",
                found=f"its columns are {', '.join(row)}"[:200],
                hint='a case has a column "input"; of a table of promptfoo\'s variables say so: cases="promptfoo:FILE"',
            )
        if form.is_table and row["input"] is None:
            raise _no_case(place, "its input is empty")
    return as_case(row, place)


def shape_at(row: Json, place: str, file: DatasetFile) -> str:
    """Return the name of the shape of a row; errors as of ``case_at``."""
    return file.shape or shapes.recognised(tuple(row), place, is_text=file.format.is_text)


def as_case(row: Json, place: str) -> Case:
    """Make a case of a row of our own shape.

    Args:
        row: a dict with ``input``, and ``id``, ``expected``, ``context``, ``tags`` and any other field if it likes.
        place: where it stands.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(row, dict) or "input" not in row:
        raise _no_case(place, f"got {row!r}"[:200])
    id_, tags = row.get("id"), row.get("tags")
    if id_ is not None and (not isinstance(id_, (str, int)) or isinstance(id_, bool)):
        raise UsageError(f"{place} has the id {id_!r}", hint="an id is text")
    if tags is None:
        tags = ()
    elif not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise UsageError(f"{place} has the tags {tags!r}", hint="tags are a list of text")
    return Case(
        id=digest(row["input"])[:12] if id_ is None else str(id_),
        input=row["input"],
        expected=row.get("expected"),
        context=row.get("context"),
        tags=tuple(tags),
        data={name: value for name, value in row.items() if name not in FIELDS},
    )


def unique(placed: Iterable[Placed]) -> tuple[Case, ...]:
    """Return the cases.

    Raises:
        UsageError: two have one id, or there are none.
    """
    cases: dict[str, Case] = {}
    places: dict[str, str] = {}
    for place, case in placed:
        if case.id in cases:
            raise UsageError(
                f"the case id {case.id!r} is there twice",
                found=f"{places[case.id]} and {place}; a case without an id is known by its input",
                hint='give each its own "id"',
            )
        cases[case.id], places[case.id] = case, place
    if not cases:
        raise UsageError("cases= has no cases", hint='one JSON object a line, such as {"id": "a", "input": "..."}')
    return tuple(cases.values())


def with_tags(cases: Sequence[Case], wanted: Collection[str]) -> tuple[Case, ...]:
    """Return the cases that have one of the tags; all of them where none is wanted.

    Raises:
        UsageError: a tag that no case has: a typing error must not be "no cases".
    """
    if not wanted:
        return tuple(cases)
    known = {tag for case in cases for tag in case.tags}
    for tag in wanted:
        if tag not in known:
            raise UsageError(
                f"tags={tag!r}: no case has this tag", found="there are " + (", ".join(sorted(known)) or "none")
            )
    return tuple(case for case in cases if not set(wanted).isdisjoint(case.tags))


def is_file_name(text: str, beside: Path) -> bool:
    """Whether a text is the name of a file of cases that exists: surely meant as such, and not as an input."""
    return text.endswith(SUFFIXES) and len(text) <= _LONGEST_NAME and (beside / text).is_file()


def _inline(value: object, place: str, beside: Path) -> Case:
    if isinstance(value, str):
        if is_file_name(value, beside):
            raise UsageError(
                f"{place} is the text {value!r}, which is a file",
                found="text in a list is an input",
                hint=f"a file in a list is a Path: cases=[Path({value!r})]; several are a pattern too",
            )
        value = {"input": value}
    try:
        case = value if isinstance(value, Case) else as_case(value, place)
        _ = case.input_hash  # every case needs it later, and it shows what JSON cannot hold
    except (TypeError, ValueError) as error:
        raise UsageError(f"{place} is not JSON", found=str(error), hint="use text, numbers, lists and dicts") from None
    return case


def _no_case(place: str, found: str) -> UsageError:
    return UsageError(f"{place} is not a case", found=found, hint='a case is an object with "input"')

"""Which files a test names: by path or pattern, below the root or where the project allows it (FAULTS 26)."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from pytest_llmeval.datasets.formats import Format, format_of
from pytest_llmeval.datasets.shapes import NAMES
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records.frozen import dataclass

_MAGIC = frozenset("*?[")
_HINT = "a path is relative to the test"


@dataclass(frozen=True, kw_only=True)
class DatasetFile:
    """One file of cases.

    Args:
        path: where it is.
        shown: how messages name it: from the root, where it is below it.
        format: how its rows are written.
        shape: whose fields its rows have, where that was said; empty where each row shows it.
    """

    path: Path
    shown: str
    format: Format
    shape: str = ""


def find(
    named: str | Path, *, beside: Path, root: Path | None = None, allowed: Sequence[Path] = ()
) -> tuple[DatasetFile, ...]:
    """Return the files that a name stands for, in the order of their paths.

    Args:
        named: a path or a pattern of ``glob``, from ``beside``; the shape may stand before it: ``promptfoo:tests.csv``.
        beside: the folder it starts from.
        root: every file must lie below it, with all symbolic links followed; None where a person names the file.
        allowed: files and folders outside the root that are allowed all the same.

    Raises:
        UsageError: there is no such file, it lies outside, or its name does not tell its format.
    """
    shape, pattern = _split(str(named))
    try:
        return _found(pattern, shape, beside=beside, root=root, allowed=allowed)
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL in it, links in a circle
        raise UsageError(f"cannot read cases={pattern[:200]!r}", found=str(error)[:200], hint=_HINT) from None


def _found(
    pattern: str, shape: str, *, beside: Path, root: Path | None, allowed: Sequence[Path]
) -> tuple[DatasetFile, ...]:
    literal = beside / pattern
    paths = [literal] if _MAGIC.isdisjoint(pattern) or literal.exists() else _matches(pattern, beside)
    places = [] if root is None else [place.resolve() for place in (root, *allowed)]
    found = []
    for path in paths:
        if places:
            _refuse_outside(path, places)
        if not path.is_file():
            raise _no_file(path, shape=shape)
        shown = _shown(path, places)
        found.append(DatasetFile(path=path, shown=shown, format=format_of(path, shown), shape=shape))
    return tuple(found)


def _split(named: str) -> tuple[str, str]:
    shape, colon, path = named.partition(":")
    return (shape, path) if colon and shape in NAMES else ("", named)


def _matches(pattern: str, beside: Path) -> list[Path]:
    # Unlike Path.glob it leaves out hidden files, such as an editor's.
    names = sorted(glob.glob(pattern, root_dir=beside, recursive=True))  # noqa: PTH207 - as said
    paths = [beside / name for name in names if not (beside / name).is_dir()]
    if not paths:
        raise UsageError(
            f"cases={pattern!r} matches no file", found=f"looked in {beside}", hint="a pattern is relative to the test"
        )
    return paths


def _refuse_outside(path: Path, places: Sequence[Path]) -> None:
    real = path.resolve()
    if not any(real.is_relative_to(place) for place in places):
        raise UsageError(
            f"cases={str(path)!r} lies outside the root",
            found=f"it is {str(real)!r}; root: {places[0]}",
            hint="move the file below it, or allow its folder in the ini: llmeval_allowed_paths = FOLDER",
        )


def _no_file(path: Path, *, shape: str) -> UsageError:
    what = f"cannot read cases={str(path)!r}"
    if path.is_dir():
        return UsageError(what, found="it is a folder", hint=f"name its files: {path.name}/*.jsonl")
    if path.exists():
        return UsageError(what, found="it is no regular file", hint="copy what it gives into a file")
    hint = _HINT
    if not shape and ":" in path.name:
        hint += "; before the colon may stand " + ", ".join(NAMES)
    return UsageError(what, found="there is no such file", hint=hint)


def _shown(path: Path, places: Sequence[Path]) -> str:
    real = path.resolve()
    return str(real.relative_to(places[0])) if places and real.is_relative_to(places[0]) else str(path)

"""One baseline file: its text and what it means. Imported late, for pydantic.

A file holds JSON lines: sorted lines of draws first, then the runs that drew them. A run stands after every line that
names it, so a file that was cut anywhere lacks a run it names, or its last newline, and is refused.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from pytest_llmeval.records import BaselineRun, CheckId, Line, digest
from pytest_llmeval.store.baseline_rows import Fault, LineRow, RunRow, json_of, line_text, row_of, run_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SUFFIX = ".jsonl"

# What most file systems take is 255 bytes; the suffix and a temporary name need some of them.
_MAX_NAME_LENGTH = 200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONFLICT_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


class Contents(NamedTuple):
    """What a file's bytes say, and what is wrong with them; with a fault, lines and runs are those that could be read.

    Args:
        lines, runs: by their ids.
        places: the line each of them stands in, from 1.
        faults: in the order of their lines, but a newer format first, since it explains all others.
    """

    lines: dict[CheckId, Line]
    runs: dict[str, BaselineRun]
    places: dict[CheckId | str, int]
    faults: list[Fault]


def path_of(test: str) -> PurePosixPath:
    """Return the file of a test, relative to the baseline's folder.

    Module path and qualified name make it; parameters never do, so ``tests/test_a.py::TestX::test_b[...]`` is
    ``tests/test_a/TestX.test_b.jsonl``. Tests that share a file do no harm: each line names its own. No part begins
    with ``@``, which marks the folder of another baseline.
    """
    module, _, name = test.partition("::")
    folders = module.removesuffix(".py").split("/")
    qualified = ".".join(name.partition("[")[0].split("::"))
    parts = [_component(part) for part in [*folders, qualified] if part]
    return PurePosixPath("/".join(parts) + SUFFIX)


def _component(part: str) -> str:
    """Spell any text as one name of a file that neither climbs nor hides."""
    name = quote(part, safe="", errors="surrogatepass")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    return name if len(name) <= _MAX_NAME_LENGTH else f"{name[:_MAX_NAME_LENGTH]}-{digest(part)[:16]}"


def parse(data: bytes, path: PurePosixPath) -> tuple[dict[CheckId, Line], dict[str, BaselineRun]]:
    """Return the lines and runs in the bytes of a file.

    Args:
        data: the whole file.
        path: where it stands in the baseline's folder; every line must belong there.

    Raises:
        Fault: the bytes are anything but what ``render`` gives, spacing and the order of keys and lines aside.
    """
    found = examine(data, path)
    if found.faults:
        raise found.faults[0]
    return found.lines, found.runs


def examine(data: bytes, path: PurePosixPath) -> Contents:
    """Read all that can be read, and name every fault; arguments as of ``parse``."""
    found = Contents({}, {}, {}, [])
    n_rows = 0
    for number, text in _texts(data, found.faults):
        n_rows = number
        try:
            _take(found, number, row_of(number, json_of(number, text)), path)
        except Fault as fault:
            found.faults.append(fault)
    if not found.faults:
        found.faults.extend(_unknown_runs(found.lines.values(), found.runs, n_rows))
    found.faults.sort(key=lambda fault: (not fault.kind.startswith("format "), fault.number))
    return found


def render(lines: Iterable[Line], runs: Mapping[str, BaselineRun]) -> bytes:
    """Return the bytes of a file: the same for the same lines, in whatever order they come.

    Args:
        lines: each with at least one draw, every draw of a run in ``runs``.
        runs: by their id; those that no line names are left out.
    """
    ordered = sorted(lines, key=lambda line: line.id)
    named = sorted({draw.run for line in ordered for draw in line.draws})
    return "".join([*map(line_text, ordered), *(run_text(runs[run]) for run in named)]).encode("ascii")


def _texts(data: bytes, faults: list[Fault]) -> Iterator[tuple[int, str]]:
    """Yield each line with its number; what is wrong with the whole file becomes a fault."""
    if data.startswith(_BYTE_ORDER_MARK):
        faults.append(Fault(1, "byte order mark"))
        data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.append(Fault(1 + data[: error.start].count(b"\n"), "invalid UTF-8"))
        return
    *texts, rest = text.split("\n")
    for number, line in enumerate([*texts, rest], 1):
        if line.startswith(_CONFLICT_MARKERS):
            faults.append(Fault(number, f"conflict marker {line[:7]!r}"))
    if rest or not texts:
        faults.append(Fault(len(texts) + 1, "truncated, no newline at the end" if data else "the file is empty"))
    for number, line in enumerate(texts, 1):
        if not line.startswith(_CONFLICT_MARKERS):
            yield number, line


def _take(found: Contents, number: int, row: LineRow | RunRow, path: PurePosixPath) -> None:
    if isinstance(row, RunRow):
        if row.id in found.runs:
            raise Fault(number, f"duplicate run {row.id!r}")
        found.runs[row.id], found.places[row.id] = row.run(), number
        return
    line = _line(number, row, path)
    if line.id in found.lines:
        raise Fault(number, f"duplicate line {str(line.id)!r}")
    found.lines[line.id], found.places[line.id] = line, number


def _line(number: int, row: LineRow, path: PurePosixPath) -> Line:
    if path_of(row.test) != path:
        raise Fault(number, f"test {row.test!r} belongs into {str(path_of(row.test))!r}")
    try:
        return row.line()
    except ValueError:
        lengths = f"{len(row.scores)} scores, {len(row.runs)} runs, {len(row.origins)} origins"
        raise Fault(number, f"arrays of unequal length: {lengths}") from None


def _unknown_runs(lines: Iterable[Line], runs: Mapping[str, BaselineRun], n_rows: int) -> Iterator[Fault]:
    for line in lines:
        for run in sorted({draw.run for draw in line.draws} - runs.keys()):
            yield Fault(n_rows, f"truncated: run {run!r} of {str(line.id)!r} is missing")

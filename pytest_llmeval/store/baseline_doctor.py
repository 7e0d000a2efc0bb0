"""Everything that can be wrong with the text of a baseline, all at once; and what can be mended without a choice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmeval.store.baseline_file import SUFFIX, Contents, examine, render
from pytest_llmeval.store.baseline_folder import NAMED, files, is_name
from pytest_llmeval.store.record import shown
from pytest_llmeval.store.replacing import locked, replace_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmeval.store.baseline_rows import Fault

# What people and git put into a folder, and nobody takes for lines.
_WELCOME = (".gitattributes", ".gitignore", ".gitkeep")
_DOCUMENTS = (".md", ".rst", ".txt")

_RESTORE = "git checkout -- {path}, or delete the file and accept anew"
# The beginning of a kind of fault, and its cure; the first that fits.
_CURES = (
    ("truncated", _RESTORE),
    ("the file is empty", _RESTORE),
    ("conflict marker", "take one side: git checkout --ours or --theirs {path}"),
    ("byte order mark", "save the file as UTF-8 without one"),
    ("invalid UTF-8", "save the file as UTF-8, or " + _RESTORE),
    ("format ", "python -m pip install --upgrade pytest-llmeval"),
    ("duplicate line", "delete one of the two"),
    ("duplicate run", "delete one of the two"),
    ("test ", "move the file back, or the line into its file"),
    ("", "mend the line, or " + _RESTORE),
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Args:
        path: the file or folder.
        number: the line, from 1; 0 where it is no matter of one line.
        kind: what is wrong.
        cure: what to do.
        is_mendable: ``mend`` does it, since there is no choice in it.
        is_note: worth knowing, and no fault.
    """

    path: Path
    number: int
    kind: str
    cure: str
    is_mendable: bool = False
    is_note: bool = False


def inspect(folder: Path) -> list[Finding]:
    """Return what is wrong with the files of a baseline, and with what else stands in its folder, sorted by place.

    Raises:
        BaselineUnreadable: the folder cannot be read.
    """
    found = list(_foreign(folder))
    for file in files(folder):
        try:
            data = (folder / file).read_bytes()
        except OSError as error:
            cure = _RESTORE.format(path=shown(folder / file))
            found.append(Finding(path=folder / file, number=0, kind=f"cannot be read: {error.strerror}", cure=cure))
        else:
            found += _in_file(folder / file, data, file)
    return sorted(found, key=lambda finding: (finding.path, finding.number))


def mend(folder: Path) -> list[Path]:
    """Mend what is mendable, under the baseline's lock: order, spelling, lines that stand twice, runs nobody names.

    Returns:
        The files that changed, those of a killed writer that went included.

    Raises:
        BaselineError: a file cannot be written.
    """
    if not folder.is_dir():
        return []
    with locked(folder):
        contents: dict[Path, bytes | None] = dict.fromkeys(_left_behind(folder))
        for file in files(folder):
            try:
                data = (folder / file).read_bytes()
            except OSError:
                continue
            wanted = _mended(data, file)
            if wanted != data:
                contents[folder / file] = wanted
        replace_files(folder, contents)
    return sorted(contents)


def _in_file(path: Path, data: bytes, file: PurePosixPath) -> Iterator[Finding]:
    once, doubles = _once(data)
    contents = examine(once, file)
    for number in doubles:
        kind = "duplicate, equal to the letter to an earlier line"
        # A file that needs a person's choice is not touched at all.
        cure = "delete it" if contents.faults else "--fix drops it"
        yield Finding(path=path, number=number, kind=kind, cure=cure, is_mendable=not contents.faults)
    for fault in contents.faults:
        number = _place(fault, data, doubles)
        yield Finding(path=path, number=number, kind=fault.kind, cure=_cure(fault, path))
    if contents.faults:
        return
    named = {draw.run for line in contents.lines.values() for draw in line.draws}
    for run in sorted(contents.runs.keys() - named):
        kind = f"unused: no line names run {run!r}"
        yield Finding(path=path, number=contents.places[run], kind=kind, cure="--fix drops it", is_mendable=True)
    if not contents.lines:
        yield Finding(path=path, number=0, kind="no line of draws", cure="--fix deletes it", is_mendable=True)
    elif _spelt(contents) != once:
        kind = "unsorted, or not spelt as `accept` does"
        yield Finding(path=path, number=0, kind=kind, cure="--fix writes it anew", is_mendable=True)


def _spelt(contents: Contents) -> bytes:
    """Return the file as we would write it, were every run named."""
    from pytest_llmeval.store.baseline_rows import line_text, run_text

    lines = [line_text(contents.lines[id_]) for id_ in sorted(contents.lines)]
    runs = [run_text(contents.runs[run]) for run in sorted(contents.runs)]
    return "".join([*lines, *runs]).encode("ascii")


def _mended(data: bytes, file: PurePosixPath) -> bytes | None:
    """Return what is to stand in a file: the same where only a person can tell, None where nothing is."""
    contents = examine(_once(data)[0], file)
    if contents.faults:
        return data
    return render(contents.lines.values(), contents.runs) or None


def _once(data: bytes) -> tuple[bytes, Sequence[int]]:
    """Drop the lines that repeat an earlier one to the letter, as ``merge=union`` leaves them; return their numbers."""
    rows = data.split(b"\n")
    seen: set[bytes] = set()
    kept, doubles = [], []
    for number, row in enumerate(rows, 1):
        # The rest behind the last newline is no line, and what begins no object is a fault of its own.
        if row in seen and row.startswith(b"{") and number < len(rows):
            doubles.append(number)
        else:
            kept.append(row)
            seen.add(row)
    return b"\n".join(kept), doubles


def _place(fault: Fault, data: bytes, doubles: Sequence[int]) -> int:
    """Return a fault's line in the file as it stands, doubles included."""
    kept = [number for number in range(1, data.count(b"\n") + 2) if number not in doubles]
    return kept[min(fault.number, len(kept)) - 1]


def _cure(fault: Fault, path: Path) -> str:
    return next(cure for kind, cure in _CURES if fault.kind.startswith(kind)).format(path=shown(path))


def _foreign(folder: Path) -> Iterator[Finding]:
    for path in _left_behind(folder):
        yield Finding(
            path=path, number=0, kind="left behind by a killed writer", cure="--fix deletes it", is_mendable=True
        )
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        top = path.relative_to(folder).parts[0]
        if top.startswith(NAMED):
            if path.parent == folder and not (is_name(top) and path.is_dir()):
                cure = "rename it: @ and then letters, digits, '.', '_' and '-'"
                yield Finding(path=path, number=0, kind="no name of a baseline", cure=cure)
        elif not (path.is_dir() or _is_expected(path)):
            yield Finding(path=path, number=0, kind="foreign file, never read", cure="move it out of the folder")


def _is_expected(path: Path) -> bool:
    is_left_behind = path.name.startswith(".") and path.name.endswith(f"{SUFFIX}.tmp")
    return path.suffix in (SUFFIX, *_DOCUMENTS) or path.name in _WELCOME or path.name == SUFFIX or is_left_behind


def _left_behind(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob(f".*{SUFFIX}.tmp") if path.is_file())
    return sorted(path for path in found if not path.relative_to(folder).parts[0].startswith(NAMED))

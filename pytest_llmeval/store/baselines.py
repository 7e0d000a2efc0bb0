"""Baselines: text in git, one small file for each test function.

In: the folder, and lines that were accepted. Out: a Baseline, or the files that changed. What cannot be read is an
error with file and line, never "no baseline".
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn

from pytest_llmeval.errors import BaselineError, BaselineUnreadable
from pytest_llmeval.records import Baseline, BaselineRun, CheckId, Line, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.store.baseline_file import Fault

MIN_COVERAGE = 0.9


def read(folder: Path) -> Baseline:
    """Return all that is stored in the folder; a folder that does not exist holds nothing.

    Raises:
        BaselineUnreadable: a file is malformed or cannot be read; the message names file, line and kind of fault.
    """
    lines: dict[CheckId, Line] = {}
    runs: dict[str, BaselineRun] = {}
    for relative in _files(folder):
        found_lines, found_runs = _read_file(folder, relative)
        lines |= found_lines
        runs |= found_runs
    return Baseline(lines=lines, runs=runs)


def write_lines(
    folder: Path, lines: Sequence[Line], runs: Sequence[BaselineRun], *, new_only: bool = False
) -> list[Path]:
    """Store exactly these lines; every other line, and the file of every other test, stays as it is.

    Writers take turns, and each reads again when its turn comes, so that none undoes another's lines. Nothing is
    written unless every file concerned can be read.

    Args:
        folder: the baseline's folder, made if it is missing.
        lines: what replaces the stored line of the same id. A line without a draw measured nothing and is left out.
        runs: those that the draws name; the ones already stored need not be given. Runs no line names go.
        new_only: only add; a line whose id is stored already stays.

    Returns:
        The files that changed, sorted.

    Raises:
        BaselineUnreadable: a file concerned is malformed.
        BaselineError: a draw names an unknown run, or a file cannot be written.
    """
    from pytest_llmeval.store.baseline_file import path_of

    by_file: dict[PurePosixPath, list[Line]] = {}
    for line in lines:
        if line.draws:
            by_file.setdefault(path_of(line.id.test), []).append(line)
    if not by_file:
        return []
    with _locked(folder):
        given = {run.id: run for run in runs}
        texts = {file: _updated(folder, file, by_file[file], given, new_only=new_only) for file in sorted(by_file)}
        changed = {folder / file: data for file, data in texts.items() if data is not None}
        for path, data in changed.items():
            _replace_file(path, data)
    return list(changed)


def path_of(folder: Path, test: str) -> Path:
    """Return the file in which the lines of a test stand, whether or not it exists."""
    from pytest_llmeval.store import baseline_file

    return folder / baseline_file.path_of(test)


def run_of(session: Session) -> BaselineRun:
    """Describe a session as the run that drew a baseline's draws."""
    models = {
        call.request.model
        for result in session.results
        for trial in result.trials
        for call in trial.calls
        # Judge calls belong to no trial.
        if call.request.trial is not None
    }
    return BaselineRun(
        id=session.id,
        recorded_at=session.started_at,
        commit=session.commit,
        model=",".join(sorted(models)),
        versions=dict(session.versions),
    )


def refuse_partial(session: Session, *, min_coverage: float = MIN_COVERAGE) -> None:
    """Refuse to make a baseline of a session that did not run to its end, or could not score what it ran.

    A selection (-k, one file) is not partial: the lines of other tests are not touched.

    Args:
        session: what is to be accepted.
        min_coverage: the smallest share in [0, 1] of its checks that must have a score.

    Raises:
        BaselineError: the session is partial; ``found`` says why.
    """
    faults = []
    if session.stopped:
        faults.append(f"it was stopped ({session.stopped})")
    if session.lost:
        more = f" and {len(session.lost) - 1} more" if len(session.lost) > 1 else ""
        faults.append(f"{session.lost[0]!r}{more} brought no result")
    scored, expected = session.coverage
    if scored < min_coverage * expected:
        faults.append(f"{scored} of {expected} checks have a score, and {min_coverage:.0%} are needed")
    if faults:
        raise BaselineError(
            f"session {session.id!r} is partial and makes no baseline",
            found="; ".join(faults),
            hint="run pytest again to the end, or say `llmeval baseline accept --force --reason ...`",
        )


def _files(folder: Path) -> list[PurePosixPath]:
    """List what is to be read, sorted."""
    from pytest_llmeval.store.baseline_file import SUFFIX

    def refuse(error: OSError) -> NoReturn:
        raise error

    found = []
    try:
        # Path.rglob would pass over a folder it may not open, and call its lines gone.
        for parent, _, names in os.walk(folder, onerror=refuse):
            found += [Path(parent, name).relative_to(folder) for name in names if name.endswith(SUFFIX)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BaselineUnreadable(
            f"baseline folder {str(folder)!r} cannot be read", found=str(error), hint="name a folder you may read"
        ) from error
    return sorted(PurePosixPath(path) for path in found)


def _read_file(folder: Path, relative: PurePosixPath) -> tuple[dict[CheckId, Line], dict[str, BaselineRun]]:
    from pytest_llmeval.store import baseline_file

    path = folder / relative
    try:
        return baseline_file.parse(path.read_bytes(), relative)
    except OSError as error:
        raise BaselineUnreadable(f"baseline file {str(path)!r} cannot be read", found=str(error)) from error
    except baseline_file.Fault as fault:
        raise _unreadable(path, fault) from None


def _unreadable(path: Path, fault: Fault) -> BaselineUnreadable:
    return BaselineUnreadable(
        f"baseline file {str(path)!r} is malformed at line {fault.number}",
        found=fault.kind,
        hint=f"restore it: git checkout -- {path}; or delete it and accept anew: llmeval baseline accept --reason ...",
    )


def _updated(
    folder: Path, file: PurePosixPath, lines: Sequence[Line], given: Mapping[str, BaselineRun], *, new_only: bool
) -> bytes | None:
    """Return the new bytes of a file, None where they are the old ones."""
    from pytest_llmeval.store import baseline_file

    stored: dict[CheckId, Line] = {}
    runs: dict[str, BaselineRun] = {}
    if (folder / file).exists():
        stored, runs = _read_file(folder, file)
    old = baseline_file.render(stored.values(), runs)
    fresh = {line.id: line for line in lines}
    merged = fresh | stored if new_only else stored | fresh
    runs = {**runs, **given}
    unknown = sorted({draw.run for line in merged.values() for draw in line.draws} - runs.keys())
    if unknown:
        raise BaselineError(
            f"lines of {str(file)!r} name run {unknown[0]!r}, which is not known", hint="give it in runs="
        )
    new = baseline_file.render(merged.values(), runs)
    return None if new == old else new


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder alone; the lock is on the folder itself, so no lock file lands in git."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace_file(path: Path, data: bytes) -> None:
    """Put a new file in the place of the old one, so that every reader sees one of the two in full."""
    # One fixed name: under the lock nobody else uses it, and what a killed writer left is overwritten.
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> BaselineError:
    return BaselineError(
        f"baseline {str(path)!r} cannot be written",
        found=str(error),
        hint="make it writable, or free space on its disk",
    )

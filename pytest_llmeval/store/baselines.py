"""Baselines: text in git, one small file for each test function.

In: the folder, and lines that were accepted. Out: a Baseline, or the files that changed. What cannot be read is an
error with file and line, never "no baseline".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import BaselineError, BaselineUnreadable
from pytest_llmeval.records import Baseline, BaselineRun, CheckId, Line, Session
from pytest_llmeval.store.baseline_folder import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from pytest_llmeval.store.baseline_rows import Fault

    # From the line of an id as it is stored when the writer's turn comes, to the one that is to stand there.
    Change = Callable[[CheckId, Line | None], Line | None]

MIN_COVERAGE = 0.9


def read(folder: Path) -> Baseline:
    """Return all that is stored in the folder; a folder that does not exist holds nothing.

    Raises:
        BaselineUnreadable: a file is malformed or cannot be read; the message names file, line and kind of fault.
    """
    lines: dict[CheckId, Line] = {}
    runs: dict[str, BaselineRun] = {}
    for relative in files(folder):
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
    fresh = {line.id: line for line in lines if line.draws}

    def change(id_: CheckId, stored: Line | None) -> Line:
        return stored if new_only and stored is not None else fresh[id_]

    return revise(folder, fresh, change, runs)


def revise(folder: Path, ids: Iterable[CheckId], change: Change, runs: Sequence[BaselineRun] = ()) -> list[Path]:
    """Change these lines and no other, each as it stands when the writer's turn comes.

    Args:
        folder: the baseline's folder, made if it is missing.
        ids: of the lines that may change, or appear.
        change: gets an id and the stored line, None where there is none; returns the line that is to stand there, with
            at least one draw, or None for no line. A file without a line goes.
        runs: those that new draws name.

    Returns:
        The files that changed, sorted.

    Raises:
        BaselineUnreadable: a file concerned is malformed; nothing was written.
        BaselineError: a draw names an unknown run, or a file cannot be written.
    """
    from pytest_llmeval.store.baseline_file import path_of
    from pytest_llmeval.store.replacing import locked, replace_files

    by_file: dict[PurePosixPath, list[CheckId]] = {}
    for id_ in ids:
        by_file.setdefault(path_of(id_.test), []).append(id_)
    if not by_file:
        return []
    given = {run.id: run for run in runs}
    with locked(folder):
        contents: dict[Path, bytes | None] = {}
        for file in sorted(by_file):
            old, new = _revised(folder, file, by_file[file], change, given)
            if new != old:
                contents[folder / file] = new
        replace_files(folder, contents)
    return list(contents)


def restore(folder: Path, contents: Mapping[PurePosixPath, bytes]) -> list[Path]:
    """Let the folder hold exactly these files of a baseline; what stands there need not be readable.

    Args:
        folder: the baseline's folder; other baselines in it, and files of another kind, stay.
        contents: what is to stand there, by path within the folder.

    Returns:
        The files that changed, sorted.

    Raises:
        BaselineUnreadable: one of the contents is malformed; nothing was written.
        BaselineError: a file cannot be written.
    """
    from pytest_llmeval.store.replacing import locked, replace_files

    for file, data in contents.items():
        parsed(folder / file, data, file)
    with locked(folder):
        wanted: dict[Path, bytes | None] = {folder / file: None for file in files(folder)}
        wanted |= {folder / file: data for file, data in contents.items()}
        changed = {path: wanted[path] for path in sorted(wanted) if _bytes(path) != wanted[path]}
        replace_files(folder, changed)
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
        first_trial=first if isinstance(first := session.settings.get("first_trial", 0), int) else 0,
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
    if session.shard is not None:
        faults.append(f"it is {session.shard} (merge them: llmeval merge FILE...)")
    if session.stopped:
        faults.append(f"it was stopped ({session.stopped})")
    if session.spend is not None and session.spend.n_refused:
        n_calls = session.spend.n_refused
        faults.append(f"its budget did not cover {n_calls} call{'s' * (n_calls != 1)}")
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


def parsed(path: Path, data: bytes, file: PurePosixPath) -> tuple[dict[CheckId, Line], dict[str, BaselineRun]]:
    """Return the lines and runs in the bytes of a file.

    Args:
        path: of the file, for an error.
        data: its bytes, on disk or in a commit.
        file: its path within the baseline's folder.

    Raises:
        BaselineUnreadable: they are malformed; the message names file, line and kind of fault.
    """
    from pytest_llmeval.store.baseline_file import parse
    from pytest_llmeval.store.baseline_rows import Fault

    try:
        return parse(data, file)
    except Fault as fault:
        raise _unreadable(path, fault) from None


def _read_file(folder: Path, file: PurePosixPath) -> tuple[dict[CheckId, Line], dict[str, BaselineRun]]:
    path = folder / file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BaselineUnreadable(f"baseline file {str(path)!r} cannot be read", found=str(error)) from error
    return parsed(path, data, file)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _unreadable(path: Path, fault: Fault) -> BaselineUnreadable:
    return BaselineUnreadable(
        f"baseline file {str(path)!r} is malformed at line {fault.number}",
        found=fault.kind,
        hint=f"restore it: git checkout -- {path}; or delete it and accept anew: llmeval baseline accept --reason ...",
    )


def _revised(
    folder: Path, file: PurePosixPath, ids: Sequence[CheckId], change: Change, given: Mapping[str, BaselineRun]
) -> tuple[bytes | None, bytes | None]:
    """Return a file's old bytes, spelt as we spell them, and its new ones; None where there is no file."""
    from pytest_llmeval.store import baseline_file

    stored: dict[CheckId, Line] = {}
    runs: dict[str, BaselineRun] = {}
    is_there = (folder / file).exists()
    if is_there:
        stored, runs = _read_file(folder, file)
    old = baseline_file.render(stored.values(), runs) if is_there else None
    wanted = {**stored, **{id_: change(id_, stored.get(id_)) for id_ in ids}}
    lines = [line for line in wanted.values() if line is not None]
    runs = {**runs, **given}
    unknown = sorted({draw.run for line in lines for draw in line.draws} - runs.keys())
    if unknown:
        raise BaselineError(
            f"lines of {str(file)!r} name run {unknown[0]!r}, which is not known", hint="give it in runs="
        )
    return old, baseline_file.render(lines, runs) if lines else None

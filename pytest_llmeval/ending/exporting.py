"""What leaves this process after the session file is written: the baseline, where asked, and the exports.

Each returns the lines to print. An export that fails says so by name, and changes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError, StoreError
from pytest_llmeval.gather import session_file
from pytest_llmeval.options import FOLDER, ONLY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.records import Line, Session
    from pytest_llmeval.store.postgres.address import Address


def update_baseline(settings: Settings, record: Session, lines: tuple[Line, ...]) -> list[str]:
    """Store the session's lines as the baseline, where that was asked for, and return the line to print.

    Raises:
        LlmevalError: the session is partial, or a file of the baseline cannot be read or written.
    """
    if not settings.baseline_update:
        return []
    from pytest_llmeval import gate
    from pytest_llmeval.store import baselines

    lines = gate.first_drawn(lines, record.trials)
    baselines.refuse_partial(record, min_coverage=settings.min_coverage)
    new_only = settings.baseline_update == "new-only"
    written = baselines.write_lines(settings.baseline, lines, [baselines.run_of(record)], new_only=new_only)
    noun = "file" if len(written) == 1 else "files"
    return [f"baseline: {len(written)} {noun} written below {settings.baseline.name}/; review them, and commit them"]


def export(grounds: Grounds, record: Session, path: Path, ending: str) -> list[str]:
    """Write every report that was asked for; return a line for each that failed, or lacks something.

    Args:
        grounds: what it was judged by.
        record: the session.
        path: of the session as it was stored.
        ending: what the exit status is, and why.
    """
    lines: list[str] = []
    for name, write in _exports(grounds, record, path, ending, lines.append):
        try:
            write()
        except (LlmevalError, OSError) as error:
            lines.append(f"llmeval: {name} was not written; the session is safe in {path.name}: {error}")
    return lines


def forget_old(settings: Settings) -> None:
    """Delete sessions that are older than ``llmeval_retention``; what cannot be deleted is left for the next run."""
    if settings.retention is None:
        return
    from datetime import UTC, datetime

    from pytest_llmeval.gather import session_folder

    with suppress(OSError):
        session_folder.forget(
            session_folder.older_than(settings.sessions_folder, settings.retention, datetime.now(UTC))
        )


def tell_github(settings: Settings, record: Session, environ: Mapping[str, str]) -> list[str]:
    """Return the lines that GitHub Actions shows beside the tests, where this runs there; and fill the step's summary.

    The summary is written where ``md`` is asked for; the annotations are part of what ``term`` prints.
    """
    # A pytest that another one of ours started speaks to that one, not to GitHub.
    if environ.get("GITHUB_ACTIONS") != "true" or environ.get(ONLY) or environ.get(FOLDER):
        return []
    from pytest_llmeval.exports import github

    kinds = {kind for kind, _ in settings.reports}
    summary, said = environ.get("GITHUB_STEP_SUMMARY", ""), []
    if "md" in kinds and summary:
        try:
            github.add_summary(record, Path(summary))
        except LlmevalError as error:
            said.append(f"llmeval: {error}")
    if "term" in kinds:
        said += github.commands(record)
    return said


def _exports(
    grounds: Grounds, record: Session, path: Path, ending: str, tell: Callable[[str], None]
) -> list[tuple[str, Callable[[], object]]]:
    settings = grounds.settings
    wanted: list[tuple[str, Callable[[], object]]] = []
    stored = [path]  # what goes to MLflow as a file; it is the last to be written
    for kind, target in settings.reports:
        if kind == "term":
            continue
        from pytest_llmeval.exports.kinds import FILES

        target = target or settings.folder / FILES[kind].file  # noqa: PLW2901 - the same, with its default
        if kind == "html":
            wanted.append((kind, partial(_write_html, grounds, path, target, ending, stored)))
            continue
        wanted.append((kind, partial(_write, kind, record, path, target)))
    if settings.pushgateway:
        from pytest_llmeval.exports import pushgateway

        wanted.append(("pushgateway", partial(pushgateway.push, record, settings.pushgateway)))
    if settings.database is not None and settings.sessions_folder == settings.folder:
        send = partial(_send, settings.database, settings.retention, record, path)
        wanted.append((f"session in the store {settings.database}", send))
    if settings.mlflow:
        wanted.append(("mlflow", partial(_send_to_mlflow, settings, path, stored, tell)))
    return wanted


def _send(database: Address, retention: float | None, record: Session, path: Path) -> None:
    """Store the session where all machines of a team find it, and delete there what is older than it may be."""
    from datetime import UTC, datetime, timedelta

    from pytest_llmeval.store.postgres.sessions import PostgresSessions

    sessions = PostgresSessions(database)
    try:
        sessions.put(record.id, record.branch, path.read_bytes())
        if retention is not None:
            old = sessions.older_than(datetime.now(UTC) - timedelta(days=retention))
            sessions.forget([one.id for one in old])
    except StoreError as error:
        raise StoreError(error.what, found=error.found, hint=f"later: llmeval export --to store {record.id}") from None
    finally:
        sessions.close()


def _send_to_mlflow(settings: Settings, path: Path, stored: list[Path], tell: Callable[[str], None]) -> None:
    """Record the stored session: traces and digests of prompts are of every request and answer."""
    from pytest_llmeval.exports import mlflow

    session = session_file.read(path)
    mlflow.record(session, uri=settings.mlflow, artifacts=stored, traces=settings.mlflow_traces, tell=tell)


def _write_html(grounds: Grounds, path: Path, target: Path, ending: str, stored: list[Path]) -> None:
    """Write the report of the stored session, which has every request and answer."""
    from pytest_llmeval.ending import known
    from pytest_llmeval.exports import html

    session = session_file.read(path)
    html.write(session, target, known.beside(grounds, session, ending))
    stored.append(target)


def _write(kind: str, record: Session, path: Path, target: Path) -> None:
    """Write a report; what needs every request and answer reads them where they were stored."""
    from pytest_llmeval.exports.kinds import FILES

    FILES[kind].write(session_file.read(path) if FILES[kind].is_whole else record, target)

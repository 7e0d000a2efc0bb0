"""What leaves the controller after the session file is written: the baseline, where asked, and the exports.

Each returns the lines to print. An export that fails says so by name, and changes nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.gather import session_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from pytest_llmeval.options import Settings
    from pytest_llmeval.records import Line, Session


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


def export(settings: Settings, record: Session, path: Path) -> list[str]:
    """Write every report that was asked for; return a line for each that failed, or lacks something."""
    lines: list[str] = []
    for name, write in _exports(settings, record, path, lines.append):
        try:
            write()
        except (LlmevalError, OSError) as error:
            lines.append(f"llmeval: {name} was not written; the session is safe in {path.name}: {error}")
    return lines


def tell_users(config: pytest.Config, path: Path) -> list[str]:
    """Hand the session, as it was stored, to the users' own hooks; return a line where one of them failed."""
    if not config.hook.pytest_llmeval_session.get_hookimpls():
        return []
    record = session_file.read(path)
    try:
        config.hook.pytest_llmeval_session(config=config, session=record)
    except Exception as error:  # noqa: BLE001 - it is the user's code: whatever it raises cannot change the verdict
        return [f"llmeval: a hook pytest_llmeval_session failed: {type(error).__name__}: {error}"]
    return []


def _exports(
    settings: Settings, record: Session, path: Path, tell: Callable[[str], None]
) -> list[tuple[str, Callable[[], object]]]:
    wanted: list[tuple[str, Callable[[], object]]] = []
    for kind, target in settings.reports:
        if kind == "prom":
            from pytest_llmeval.exports import prometheus

            wanted.append(("prom", partial(prometheus.write, record, target or settings.folder / "llmeval.prom")))
    if settings.pushgateway:
        from pytest_llmeval.exports import pushgateway

        wanted.append(("pushgateway", partial(pushgateway.push, record, settings.pushgateway)))
    if settings.mlflow:
        from pytest_llmeval.exports import mlflow

        send = partial(mlflow.record, record, uri=settings.mlflow, artifacts=[path])
        wanted.append(("mlflow", partial(send, traces=settings.mlflow_traces, tell=tell)))
    return wanted

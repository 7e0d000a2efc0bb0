"""Which judged scores nobody has compared with people's labels. Imported where a run has a judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.metrics.judge.rubric import JUDGED
from pytest_llmeval.store import calibration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmeval.options import Settings
    from pytest_llmeval.records import Line


def uncalibrated(settings: Settings, lines: Sequence[Line], tell: Callable[[str], object]) -> tuple[str, ...]:
    """Return the judged metrics, sorted, of whose version no agreement with people is stored.

    Args:
        settings: where the folder is.
        lines: of the session.
        tell: told of a file that cannot be read; its metrics count as uncalibrated.
    """
    judged: dict[str, set[str]] = {}
    for line in lines:
        if line.metric_version.startswith(JUDGED):
            judged.setdefault(line.id.metric, set()).add(line.metric_version)
    missing = []
    for metric, versions in sorted(judged.items()):
        try:
            known = calibration.read(settings.calibration, metric)
        except LlmevalError as error:
            tell(f"llmeval: {error}")
            known = {}
        if not versions <= known.keys():
            missing.append(metric)
    return tuple(missing)

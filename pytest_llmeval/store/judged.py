"""Which scores of a session a judge gave, and how far it agrees with people, as the calibration folder knows it.

In: results and their summaries. Out: the summaries with what is known beside them, so that every export only draws it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.records import Judged
from pytest_llmeval.records.agreement import named
from pytest_llmeval.records.score import JUDGED
from pytest_llmeval.store import calibration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pytest_llmeval.records import CaseResult, Check, Summary
    from pytest_llmeval.records.agreement import Agreement

    # Suite and metric; then each version, with all that its scores' metric asked.
    Versions = Mapping[tuple[str, str], Mapping[str, set[str]]]


def with_agreement(
    summaries: Iterable[Summary], results: Iterable[CaseResult], folder: Path, tell: Callable[[str], object]
) -> tuple[Summary, ...]:
    """Return the summaries of a session, those of judged scores with how far their judge agrees with people.

    Args:
        summaries: one a suite, metric and arm.
        results: whose scores they are of.
        folder: where agreement is stored.
        tell: told of a file that cannot be read; its metrics count as uncalibrated.
    """
    versions = _versions(results)
    stored = {metric: _stored(folder, metric, tell) for metric in sorted({metric for _, metric in versions})}
    known = {
        (suite, metric): tuple(_judged(version, asked, stored[metric]) for version, asked in sorted(found.items()))
        for (suite, metric), found in versions.items()
    }
    return tuple(replace(one, judged=known.get((one.suite, one.metric), ())) for one in summaries)


def uncalibrated(summaries: Iterable[Summary]) -> tuple[str, ...]:
    """Return the metrics, sorted, of which the agreement of a version with people is not known."""
    return tuple(sorted({one.metric for one in summaries for judged in one.judged if not judged.is_calibrated}))


def _versions(results: Iterable[CaseResult]) -> Versions:
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for result in results:
        for check in (*(check for trial in result.trials for check in trial.checks), *result.checks):
            if _is_judged(check):
                of_metric = found.setdefault((result.suite, check.score.metric), {})
                of_metric.setdefault(check.score.version, set()).update(check.score.judges)
    return found


def _is_judged(check: Check) -> bool:
    return bool(check.score.judges) or check.score.version.startswith(JUDGED)


def _stored(folder: Path, metric: str, tell: Callable[[str], object]) -> list[Agreement]:
    try:
        return list(calibration.read(folder, metric).values())
    except LlmevalError as error:
        tell(f"llmeval: {error}")
        return []


def _judged(version: str, asked: set[str], stored: Iterable[Agreement]) -> Judged:
    """Return what is known of a version, where nobody was asked who was not asked when it was measured."""
    fitting = [one for one in stored if one.version == version and asked <= set(one.judges)]
    if not fitting:
        return Judged(version=named(version, sorted(asked)))
    # One that was measured with these judges alone says more of them than one that had others too.
    best = min(fitting, key=lambda one: (len(one.judges), one.key))
    at = best.at_threshold or best.at_fitted
    return Judged(
        version=best.key,
        n_labels=best.n_good + best.n_bad,
        threshold=best.threshold if best.at_threshold else None,
        agreement=at.raw if at else None,
        ac1=at.ac1 if at else None,
        tpr=at.tpr if at else None,
        tnr=at.tnr if at else None,
        measured_on=best.measured_on,
    )

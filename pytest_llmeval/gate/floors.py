"""Absolute floors: the mean of a suite that a session may not fall below, whatever the baseline was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.words import count
from pytest_llmeval.records import FloorBreach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records import Line, Summary


def below_floors(
    floors: Sequence[tuple[str, float]], summaries: Sequence[Summary], lines: Sequence[Line]
) -> tuple[FloorBreach, ...]:
    """Return every suite mean that is below a floor, and every floor that no mean could be set against.

    No test and no interval: a floor is a promise about this session's scores, not a claim about the model.

    Args:
        floors: (metric, least mean in [0, 1]); an empty metric means every metric that has a threshold somewhere. A
            metric with a floor of its own has only that one.
        summaries: of the session.
        lines: of the session; they say which metrics have a threshold.
    """
    named = dict(floors)
    general = named.pop("", None)
    gated = {(line.suite, line.id.metric) for line in lines if line.threshold is not None}
    found = []
    for summary in summaries:
        floor = named.get(summary.metric)
        if floor is None and (summary.suite, summary.metric) in gated:
            floor = general
        if floor is not None and (summary.mean is None or summary.mean < floor - 1e-9):
            found.append(
                FloorBreach(suite=summary.suite, metric=summary.metric, floor=floor, mean=summary.mean, arm=summary.arm)
            )
    measured = {summary.metric for summary in summaries}
    unmet = [
        FloorBreach(suite="", metric=metric, floor=floor) for metric, floor in named.items() if metric not in measured
    ]
    if general is not None and not gated:
        unmet.append(FloorBreach(suite="", metric="", floor=general))
    return (*found, *unmet)


def floor_sentence(breach: FloorBreach, summaries: Sequence[Summary]) -> str:
    """Say one breach: the mean and the floor, or that there was nothing to set against it."""
    if breach.mean is None:
        whose = f"of {breach.metric}" if breach.metric else "of every mean"
        return f"the floor {breach.floor:g} {whose} was set, and this session has no such mean"
    whose_mean = (breach.suite, breach.metric, breach.arm)
    n_cases = sum(one.n_cases for one in summaries if (one.suite, one.metric, one.arm) == whose_mean)
    suite = f"{breach.suite} " if len({summary.suite for summary in summaries}) > 1 else ""
    # Four digits: 0.6996 against 0.7 must not read as "0.70 is below its floor 0.7".
    mean = f"{breach.mean:.4g} over {count(n_cases, 'line')}"
    arm = f" of {breach.arm}" if breach.arm else ""
    return f"the mean of {suite}{breach.metric}{arm}, {mean}, is below its floor {breach.floor:g}"

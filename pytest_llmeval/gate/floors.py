"""Absolute floors under the mean of a suite (``--llmeval-fail-under=[METRIC:]MIN``): no test, plainly the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records import Summary


class Floor(NamedTuple):
    """The least mean of a metric in [0, 1]; of every metric where it has no name."""

    metric: str
    minimum: float


def floor_of(text: str) -> Floor:
    """Read ``[METRIC:]MIN``, such as ``0.8`` or ``relevance:0.8``.

    Raises:
        UsageError: MIN is not a number in [0, 1].
    """
    metric, _, number = text.rpartition(":")
    try:
        minimum = float(number)
    except ValueError:
        minimum = -1.0
    if not 0.0 <= minimum <= 1.0:
        raise UsageError(
            f"a floor is {text!r}",
            found=f"{number!r} is not a number from 0 to 1",
            hint="write MIN or METRIC:MIN, such as 0.8 or relevance:0.8",
        )
    return Floor(metric, minimum)


def below(floors: Sequence[Floor], summaries: Sequence[Summary]) -> tuple[str, ...]:
    """Return a sentence for each suite mean below its floor; empty: every floor is kept.

    Args:
        floors: a floor with a metric's name stands in the place of the one for every metric.
        summaries: of the session.

    Returns:
        Also a sentence for each named metric that the session has not, or has no score of: a floor that holds up
        nothing is a mistake, and must not pass unseen.
    """
    named = {floor.metric: floor.minimum for floor in floors if floor.metric}
    every = max((floor.minimum for floor in floors if not floor.metric), default=None)
    said = []
    for summary in summaries:
        minimum = named.get(summary.metric, every)
        where = f"{summary.suite} {summary.metric}".strip()
        if minimum is None:
            continue
        if summary.mean is None:
            said.append(f"{where}: no score, and the floor is {minimum:g}")
        elif summary.mean < minimum - 1e-9:
            said.append(f"{where}: the mean {summary.mean:.3f} is below the floor {minimum:g}")
    missing = sorted(named.keys() - {summary.metric for summary in summaries})
    return (*said, *(f"{metric}: not measured, and the floor is {named[metric]:g}" for metric in missing))

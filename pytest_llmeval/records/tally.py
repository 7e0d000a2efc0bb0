"""What one check comes to over all trials of its case: the one place that groups checks, and sets them against a mark.

A check compares the mean over its scored trials with its threshold; with ``require=r`` a share r of its scored trials
must reach the threshold each. A check without a scored trial neither passes nor fails: it is unscored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property

from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import Check, CheckId
from pytest_llmeval.records.session import Trial


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One check over all trials of its case.

    Args:
        id: test, case, metric and place.
        checks: at least one, in the order of their trials.
    """

    id: CheckId
    checks: tuple[Check, ...]

    @cached_property
    def scores(self) -> tuple[float, ...]:
        """Values of the scored trials, in their order, each in [0, 1]."""
        return tuple(check.score.value for check in self.checks if check.score.value is not None)

    @cached_property
    def mean(self) -> float | None:
        """Mean over the scored trials, in [0, 1]; None if there is none."""
        return math.fsum(self.scores) / len(self.scores) if self.scores else None

    @cached_property
    def worst(self) -> Check:
        """The check of the lowest-scored trial, the first of equals: the one to show, and whose terms count."""
        return min(self.checks, key=lambda check: 2.0 if check.score.value is None else check.score.value)

    @property
    def n_reached(self) -> int:
        """How many scored trials reach the threshold each; all of them where there is none."""
        threshold = self.worst.threshold or 0.0
        return sum(score >= threshold for score in self.scores)

    @property
    def is_hard(self) -> bool:
        """Whether it fails its test whatever the baseline says."""
        return self.worst.is_hard or self.worst.require is not None

    @property
    def is_below(self) -> bool:
        """Whether the scored trials miss the threshold, or the share that ``require`` asks of them."""
        threshold, require, mean = self.worst.threshold, self.worst.require, self.mean
        if threshold is None or mean is None:
            return False
        if require is None:
            # A mean that is its threshold on paper may be a hair below it in floats: (0.1 + 0.7) / 2 < 0.4.
            return mean < threshold - 1e-9
        # Most shares have no exact float: 0.07 * 100 is a little more than 7, and 7 of 100 must do.
        return self.n_reached < require * len(self.scores) - 1e-9


def tally(
    test: str, case: str, trials: Sequence[Trial], case_checks: Iterable[Check], *, arm: str = ""
) -> tuple[Tally, ...]:
    """Group the checks of one case by their id, in the order in which they were first made.

    Args:
        test: the case's test.
        case: its own id within the test; empty without ``cases=``.
        trials: its trials in their order.
        case_checks: its case-level checks.
        arm: the variant that answered.
    """
    groups: dict[CheckId, list[Check]] = {}
    every = [check for trial in trials for check in trial.checks]
    for check in [*every, *case_checks]:
        groups.setdefault(CheckId(test, case, check.score.metric, check.nth, arm), []).append(check)
    return tuple(Tally(id=id_, checks=tuple(checks)) for id_, checks in groups.items())

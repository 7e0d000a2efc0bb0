"""What is measured: Score, and the Check that sets it against a threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Final, NamedTuple

from pytest_llmeval.records.exchange import Json
from pytest_llmeval.records.frozen import dataclass

JUDGED: Final = "judge "
"""How the version of a score begins that a judge gave by a rubric."""


class CaseId(NamedTuple):
    """Who a case is: its test's id, and its own id within the test (empty without ``cases=``)."""

    test: str
    case: str = ""

    def __str__(self) -> str:
        return f"{self.test}[{self.case}]" if self.case else self.test


class CheckId(NamedTuple):
    """Who a check is over all trials and sessions: case, metric, and its place among equals.

    ``nth`` counts the checks of one metric in one trial from 0, in the order in which the test makes them. ``arm`` is
    the variant that answered, empty where there is one only; the case is the same in all arms.
    """

    test: str
    case: str
    metric: str
    nth: int = 0
    arm: str = ""

    @property
    def case_id(self) -> CaseId:
        """The case this check belongs to."""
        return CaseId(self.test, self.case)

    def __str__(self) -> str:
        metric = f"{self.metric}#{self.nth + 1}" if self.nth else self.metric
        return f"{self.case_id} {metric} @{self.arm}" if self.arm else f"{self.case_id} {metric}"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric's value for one answer, or the reason why there is none.

    Args:
        metric: the metric's name.
        value: in [0, 1], higher is better; None is *unscored*.
        reason: one sentence for a person; why there is no value, where there is none.
        version: changes whenever the metric's values would change; scores of two versions are never compared.
        detail: what the metric wishes to keep, as JSON.
        judges: whom a metric of the user's own asked, sorted: its version does not name them. Comparable all the same.

    Raises:
        ValueError: value is NaN, infinite or outside [0, 1], or None without a reason.
    """

    metric: str
    value: float | None
    reason: str = ""
    version: str = "1"
    detail: Mapping[str, Json] = field(default_factory=dict)
    judges: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.value is None:
            if not self.reason:
                raise ValueError(f"score of {self.metric!r}: unscored needs a reason")
        elif isinstance(self.value, bool) or not math.isfinite(self.value) or not 0.0 <= self.value <= 1.0:
            raise ValueError(f"score of {self.metric!r} is {self.value!r}; a score is a number in [0, 1]")
        elif type(self.value) is not float:
            object.__setattr__(self, "value", float(self.value))  # numpy's numbers have other digits in JSON

    @classmethod
    def unscored(cls, metric: str, reason: str, *, version: str = "1") -> Score:
        """Say that no value could be had, and why."""
        return cls(metric=metric, value=None, reason=reason, version=version)


class Place(NamedTuple):
    """Where in the user's code a check stands: a path relative to the root, a line from 1, the line's text."""

    path: str = ""
    line: int = 0
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One ``assert_*`` of one trial, measured.

    Args:
        score: what was measured.
        nth: its place among the checks of the same metric in its trial, from 0.
        threshold: pass mark in [0, 1], set against the mean over the scored trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each; None: the mean decides.
        is_hard: fails its test whatever the baseline says.
        is_case_level: one value for all trials of the case.
        n_trials: trials behind the value of a case-level check; 1 otherwise.
        output: head of the judged text, at most 1,000 characters.
        origin: identity of the draw that was judged; empty where it is unknown, so never shared with a baseline.
        place: the user's line.
    """

    score: Score
    nth: int = 0
    threshold: float | None = None
    require: float | None = None
    is_hard: bool = False
    is_case_level: bool = False
    n_trials: int = 1
    output: str = ""
    origin: str = ""
    place: Place = field(default_factory=Place)

    @property
    def value(self) -> float | None:
        """The score's value, None where it is unscored."""
        return self.score.value

    @property
    def passed(self) -> bool | None:
        """Whether this trial alone reaches the threshold; None where it is unscored."""
        if self.score.value is None:
            return None
        return self.threshold is None or self.score.value >= self.threshold

    def __bool__(self) -> bool:
        return self.passed is True

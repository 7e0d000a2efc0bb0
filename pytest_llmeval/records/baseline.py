"""What is compared: lines of draws, and the baseline that stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import NamedTuple

from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import CheckId


class Draw(NamedTuple):
    """One scored trial.

    Args:
        score: its value in [0, 1].
        run: the session that drew it.
        origin: identity of the draw; empty where it is unknown.
        trial: its index in that session, from 0; -1 where it is unknown, as in a baseline.
    """

    score: float
    run: str = ""
    origin: str = ""
    trial: int = -1


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Why a line was changed on purpose, and by whom; ``expires`` is an ISO date, its last day, or empty."""

    reason: str
    author: str
    accepted_at: str
    expires: str = ""

    def is_expired(self, on: str) -> bool:
        """Whether it no longer holds on a day, an ISO date."""
        return bool(self.expires) and self.expires < on


@dataclass(frozen=True, kw_only=True)
class Line:
    """The draws of one case by one metric, in a baseline or in a session.

    Args:
        id: test, case, metric and place.
        suite: the group whose mean it enters.
        draws: the scored trials; for a case-level metric one a session.
        n_unscored: trials that gave no value.
        input_hash: digest of the case's own input; another hash is another case.
        metric_version: lines of two versions are never compared.
        threshold: the check's pass mark in [0, 1], None where it records only.
        require: share of the trials in (0, 1] that must reach the threshold each, None where the mean decides.
        is_hard: whether the check fails its test whatever the baseline says.
        tags: slices its case belongs to; known of a session's lines only.
        is_case_level: whether a draw stands for a whole session of the case.
        n_trials: trials behind one case-level draw; 1 otherwise.
        acceptance: in a baseline, why it was changed on purpose.
    """

    id: CheckId
    suite: str
    draws: tuple[Draw, ...]
    n_unscored: int = 0
    input_hash: str = ""
    metric_version: str = "1"
    threshold: float | None = None
    require: float | None = None
    is_hard: bool = False
    tags: tuple[str, ...] = ()
    is_case_level: bool = False
    n_trials: int = 1
    acceptance: Acceptance | None = None

    @cached_property
    def scores(self) -> tuple[float, ...]:
        """The values of the draws, in their order."""
        return tuple(draw.score for draw in self.draws)

    @property
    def n_drawn(self) -> int:
        """Trials that a session ran of this line, scored or not, as far as the line can tell."""
        return max([len(self.draws) + self.n_unscored, *(draw.trial + 1 for draw in self.draws)])

    def is_expired(self, on: str) -> bool:
        """Whether it was accepted for a time that is over on a day, an ISO date."""
        return self.acceptance is not None and self.acceptance.is_expired(on)

    def is_comparable(self, other: Line) -> bool:
        """Whether both measure the same input with the same metric."""
        return (self.id, self.input_hash, self.metric_version, self.is_case_level) == (
            other.id,
            other.input_hash,
            other.metric_version,
            other.is_case_level,
        )


@dataclass(frozen=True, kw_only=True)
class BaselineRun:
    """The session that drew some of a baseline's draws.

    Args:
        id: the session's id.
        recorded_at: when it began, ISO 8601 in UTC.
        commit: the git commit it ran on, empty where there was none.
        model: the model under test.
        versions: versions of this package and of Python.
        first_trial: index of its first trial, as it stands in the cache keys; above 0 where the run extended a
            baseline.
    """

    id: str
    recorded_at: str
    commit: str = ""
    model: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    first_trial: int = 0


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Stored lines by their id, and the runs that drew them."""

    lines: Mapping[CheckId, Line] = field(default_factory=dict)
    runs: Mapping[str, BaselineRun] = field(default_factory=dict)

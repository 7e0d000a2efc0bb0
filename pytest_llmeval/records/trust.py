"""What `llmeval gate check` finds out about a suite's own gate: how often it is red, with and without a reason.

Not among the names of the package ``records``: no run of pytest needs them.
"""

from __future__ import annotations

from enum import StrEnum

from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import CheckId


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often the gate was red.

    Args:
        n_red, n: in how many verdicts of how many.
        low, high: exact 95 % interval of the rate, in [0, 1].
    """

    n_red: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The rate that was seen, in [0, 1]; 0.0 where nothing was tried."""
        return self.n_red / self.n if self.n else 0.0


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A line that was named although nothing had changed, and in how many verdicts."""

    id: CheckId
    n: int


@dataclass(frozen=True, kw_only=True)
class AtTrials:
    """How often a fault would be found with so many trials of every case in the session."""

    n_trials: int
    rate: Rate


class Sight(StrEnum):
    """What the gate made of a planted fault."""

    FOUND = "found"
    MISSED = "missed"
    NO_VERDICT = "no verdict"


@dataclass(frozen=True, kw_only=True)
class PlantedFault:
    """A run of the suite with a fault that somebody put there.

    Args:
        name: as it was said: assignments to the environment, arguments of pytest.
        sight: whether the gate was red; without a verdict where too little could be compared (exit status 6).
        sentences: the gate's words.
        named: the lines that it named.
        run: id of the session.
        found: how often it would be found, by the number of trials; empty where nothing could be compared.
    """

    name: str
    sight: Sight
    sentences: tuple[str, ...] = ()
    named: tuple[CheckId, ...] = ()
    run: str = ""
    found: tuple[AtTrials, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DrawnFault:
    """A fault that was put into scores that are stored, without a call.

    Args:
        name: what was done to them.
        found: how often it would be found, by the number of trials.
    """

    name: str
    found: tuple[AtTrials, ...]


@dataclass(frozen=True, kw_only=True)
class TrustReport:
    """How far a suite's gate can be trusted.

    Args:
        checked_at: ISO 8601 in UTC.
        commit: of git, empty where there is none.
        model: the model under test.
        arguments: what pytest was given, as it was typed.
        runs: ids of the sessions of unchanged code, pair after pair; empty where only stored draws were used.
        n_cases, n_lines: gated cases and lines of which there are draws to judge by.
        n_varying: those of the lines whose score differs between their trials; no other can raise a false alarm.
        n_trials: fewest and most trials that a case has on either side; as a pair, empty where there is no case.
        pairs: verdicts on pairs of runs; None where none was run.
        n_no_verdict: pairs in which too little could be compared.
        alarms: what was named in pairs of runs, the most frequent first.
        resampled: verdicts on random halves of the same draws.
        resampled_alarms: what was named in them, the most frequent first.
        faults: runs with a planted fault.
        drawn_faults: faults put into stored draws.
        drift: what is said of the runs of the baseline, and of the runs of this check.
        notes: sentences on what the figures leave out.
    """

    checked_at: str
    commit: str = ""
    model: str = ""
    arguments: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    n_cases: int = 0
    n_lines: int = 0
    n_varying: int = 0
    n_trials: tuple[int, ...] = ()
    pairs: Rate | None = None
    n_no_verdict: int = 0
    alarms: tuple[Alarm, ...] = ()
    resampled: Rate | None = None
    resampled_alarms: tuple[Alarm, ...] = ()
    faults: tuple[PlantedFault, ...] = ()
    drawn_faults: tuple[DrawnFault, ...] = ()
    drift: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

"""What a session was compared with, and what the branch under test did to that: Against and its parts."""

from __future__ import annotations

from enum import StrEnum

from pytest_llmeval.records.baseline import Acceptance
from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import CaseId, CheckId


@dataclass(frozen=True, kw_only=True)
class AcceptedLine:
    """A line of the baseline that the branch changed on purpose, and that this session is held by.

    Args:
        before: the mean in the base commit's baseline, in [0, 1]; None where it has no such line.
        after: the mean of the branch's line.
        acceptance: the branch's reason, author and expiry.
    """

    id: CheckId
    before: float | None
    after: float
    acceptance: Acceptance


@dataclass(frozen=True, kw_only=True)
class RefusedLine:
    """A line that the branch changed, and that does not count; ``why`` in words."""

    id: CheckId
    why: str


class Weakened(StrEnum):
    """How a check was made to see less than on the base version."""

    THRESHOLD = "threshold lowered"
    HARD = "no longer hard"
    REQUIRE = "require lowered"
    SKIPPED = "skipped"
    REMOVED = "test gone"
    RENAMED = "renamed"
    UNCHECKED = "check gone"
    UNLISTED = "line deleted"


@dataclass(frozen=True, kw_only=True)
class WeakenedCheck:
    """A check that vanished or was lowered; ``before`` and ``now`` are its terms as a person reads them, or empty."""

    id: CheckId
    how: Weakened
    before: str = ""
    now: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseOrigin:
    """Where a case's scored draws came from.

    Args:
        n_fresh: draws that do not stand in the baseline: a new sample of the model.
        n_replayed: draws that are the baseline's own.
        stale: why an answer behind them is too old to speak of the model of today; empty where none is.
    """

    id: CaseId
    n_fresh: int = 0
    n_replayed: int = 0
    stale: str = ""

    @property
    def is_replayed(self) -> bool:
        """Whether all its draws are the baseline's own."""
        return self.n_replayed > 0 and not self.n_fresh


class Confirmation(StrEnum):
    """What running a case on the base version, beside this one, said."""

    CONFIRMED = "confirmed"
    ALSO_ON_BASE = "also fails on base"
    CHANCE = "may be chance"
    TOO_FEW = "too few trials"
    NOT_RUN = "not run on base"


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """A line that was measured again on the base version.

    Args:
        stored_mean: in the stored baseline, in [0, 1].
        base_mean, base_trials: on the base version now; None and 0 where it brought no score.
        current_mean, current_trials: here.
        is_binary: whether all scores are 0 or 1, so that they read as passes.
    """

    id: CheckId
    word: Confirmation
    stored_mean: float
    base_mean: float | None
    base_trials: int
    current_mean: float
    current_trials: int
    is_binary: bool = False


@dataclass(frozen=True, kw_only=True)
class Against:
    """What a session was compared with.

    Args:
        commit: whose baseline it was; empty for the working tree's own.
        name: how that commit was named, such as ``origin/main``.
        is_fork: whether gate, thresholds and acceptances of the branch were ignored.
        accepted: lines of the branch that count.
        refused: lines of the branch that do not.
        weakened: checks that see less than on the base version.
        cases: where each case's draws came from, sorted.
        reruns: what ``--llmeval-confirm`` found.
        recorded_at: when the newest run of the baseline began, ISO 8601 in UTC; empty where it names none.
    """

    commit: str = ""
    name: str = ""
    is_fork: bool = False
    accepted: tuple[AcceptedLine, ...] = ()
    refused: tuple[RefusedLine, ...] = ()
    weakened: tuple[WeakenedCheck, ...] = ()
    cases: tuple[CaseOrigin, ...] = ()
    reruns: tuple[Rerun, ...] = ()
    recorded_at: str = ""

"""What is decided: Summary, Comparison, Contract, SessionVerdict."""

from __future__ import annotations

from enum import StrEnum

from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import CheckId


class Verdict(StrEnum):
    """The six words of the gate."""

    REGRESSED = "regressed"
    UNCHANGED = "unchanged"
    IMPROVED = "improved"
    UNDECIDED = "undecided"
    INCOMPARABLE = "incomparable"
    NO_BASELINE = "no baseline"


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The lines of the cases with one tag: a description, never a test.

    Args:
        tag: of the cases.
        mean: over its lines of the mean over their trials, in [0, 1].
        n_lines: lines it is taken over.
        baseline_mean: of the same lines on the baseline; None where nothing is compared.
    """

    tag: str
    mean: float
    n_lines: int
    baseline_mean: float | None = None

    @property
    def change(self) -> float | None:
        """This session minus the baseline, positive is better; None where nothing is compared."""
        return None if self.baseline_mean is None else self.mean - self.baseline_mean


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A judged metric in one version, and how far that agrees with people, as it was known when the session ended.

    Args:
        version: of its scores; of a metric of the user's own with the judges that it asked.
        n_labels: labelled answers that it was measured on; 0 where nobody has measured it: it is *uncalibrated*.
        threshold: pass mark at which it was; None where it was the one that fits these labels, held out.
        agreement: share of them of which the metric says what people say, in [0, 1]; with the bounds of its interval.
        ac1: Gwet's AC1, in [-1, 1], as above.
        tpr, tnr: share of the good ones that pass, and of the bad ones that fail, as above.
        measured_on: ISO date, in UTC; empty where it is not known.
    """

    version: str
    n_labels: int = 0
    threshold: float | None = None
    agreement: tuple[float, ...] | None = None
    ac1: tuple[float, ...] | None = None
    tpr: tuple[float, ...] | None = None
    tnr: tuple[float, ...] | None = None
    measured_on: str = ""

    @property
    def is_calibrated(self) -> bool:
        """Whether it is known how far it agrees with people."""
        return self.agreement is not None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The aggregate of one suite's scores by one metric.

    Args:
        mean: mean over cases of the mean over their scored trials, in [0, 1]; None if nothing was scored.
        low, high: 95 % interval of that mean over trial noise (the cases are fixed, not a sample); None with mean.
        n_cases: cases with at least one scored trial.
        n_scored, n_unscored: trials with and without a value.
        n_below: lines whose mean is below their threshold.
        pass_all: pass^1, pass^2, …: the chance, averaged over the lines that have a threshold, that so many trials of a
            line all reach it; as far as the line with the fewest trials goes.
        pass_any: pass@1, pass@2, …: the chance that at least one of so many does.
        slices: one a tag, sorted.
        arm: the variant that answered; empty where there is one only.
        judged: where a judge gave the scores, one a version, sorted; empty where none did.
    """

    suite: str
    metric: str
    mean: float | None
    low: float | None
    high: float | None
    n_cases: int
    n_scored: int
    n_unscored: int
    n_below: int
    pass_all: tuple[float, ...] = ()
    pass_any: tuple[float, ...] = ()
    slices: tuple[Slice, ...] = ()
    arm: str = ""
    judged: tuple[Judged, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FloorBreach:
    """A suite mean below the floor that was set for it; both in [0, 1].

    Args:
        metric: empty for a floor of every metric.
        mean: None where the session has no mean to set against the floor.
        arm: the variant whose mean it is; empty where there is one only.
    """

    suite: str
    metric: str
    floor: float
    mean: float | None = None
    arm: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseVerdict:
    """What the gate says of one line; means in [0, 1], p adjusted over all lines of the comparison."""

    id: CheckId
    verdict: Verdict
    baseline_mean: float
    baseline_trials: int
    current_mean: float
    current_trials: int
    p_adjusted: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One suite by one metric, baseline against session.

    Args:
        drop: mean over cases of baseline minus current; positive is worse, in [-1, 1].
        low, high: interval of ``drop`` (two-sided 90 %, so each side is a 95 % bound); None if there is none.
        mde: smallest drop that would be found 4 times in 5, in [0, 1]; None if there is none.
        p_mean, alpha_mean: one-sided p of the mean test over all rounds so far, and the level it had.
        p_round: one-sided p of the mean test of the latest round alone; equal to ``p_mean`` where there is one round.
        case_share: the share of a level that the case family has for itself.
        p_case: smallest adjusted p over the cases; ``alpha_case`` the level of the case family.
        p_min: the comparison's own p, on the scale of the session's alpha, for Holm.
        baseline_mean, current_mean: over the compared cases, in [0, 1].
        n_compared: cases in the test; ``n_replayed`` lines whose draws are all the baseline's own.
        added, removed, edited: lines that are in one of both only, or whose input changed.
        mismatched: lines of both that were measured by another version of the metric, or over another number of trials.
        cases: what is said of single lines; the named and the notable ones.
        slices: one a tag of the compared lines, sorted.
        notes: sentences for the report.
        is_informational: whether no line has a threshold, so that nothing depends on the verdict.
        arm: the variant that answered; empty where there is one only.
    """

    suite: str
    metric: str
    verdict: Verdict
    drop: float = 0.0
    low: float | None = None
    high: float | None = None
    mde: float | None = None
    p_mean: float = 1.0
    alpha_mean: float = 0.0
    p_round: float = 1.0
    case_share: float = 0.5
    p_case: float = 1.0
    alpha_case: float = 0.0
    p_min: float = 1.0
    baseline_mean: float | None = None
    current_mean: float | None = None
    n_compared: int = 0
    n_replayed: int = 0
    added: tuple[CheckId, ...] = ()
    removed: tuple[CheckId, ...] = ()
    edited: tuple[CheckId, ...] = ()
    mismatched: tuple[CheckId, ...] = ()
    cases: tuple[CaseVerdict, ...] = ()
    slices: tuple[Slice, ...] = ()
    notes: tuple[str, ...] = ()
    is_informational: bool = False
    arm: str = ""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A line without a baseline whose check says how often it must pass (``require=``), set against that.

    Args:
        id: of the line.
        require: share of the trials in (0, 1] that must reach the threshold.
        n_passed, n_trials: scored trials that reached it, and all that were scored; at least one.
        p: chance of so few passes if the share were kept.
        p_adjusted: the same over all contracts of the session.
        is_broken: whether that is proven, beside all else that the session tests.
    """

    id: CheckId
    require: float
    n_passed: int
    n_trials: int
    p: float
    p_adjusted: float = 1.0
    is_broken: bool = False


@dataclass(frozen=True, kw_only=True)
class SessionVerdict:
    """The gate's word on the whole session.

    Args:
        verdict: the worst that is proven over all comparisons.
        sentences: the verdict in words, worst first, without p-values.
        comparisons: one a suite and metric.
        contracts: lines without a baseline that are held to an absolute share, sorted by id.
        invalid: why there can be no verdict (lost tests, coverage, nothing to compare); empty if there can.
    """

    verdict: Verdict
    sentences: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    contracts: tuple[Contract, ...] = ()
    invalid: tuple[str, ...] = ()

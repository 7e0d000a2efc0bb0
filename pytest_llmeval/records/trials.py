"""How many trials the cases of a session have: fixed from the baseline before the first call, and plain to store."""

from __future__ import annotations

from pytest_llmeval.records.frozen import dataclass


@dataclass(frozen=True, kw_only=True)
class SuitePlan:
    """How the cases of one suite are drawn and judged by one metric.

    Args:
        suite, metric: of the lines.
        n_cases: gated cases on the baseline.
        n_tested: gated lines for which a full break could be proven; they share the level of the case family.
        n_baseline: trials a line on the baseline, their harmonic mean.
        rounds: trials of every case after each round, ascending. One round in an ordinary session.
        n_rounds: how many of them are drawn with this session, from 1.
        mde: smallest drop of the mean that the first round finds 4 times in 5, in [0, 1]; None where there is none.
    """

    suite: str
    metric: str
    n_cases: int
    n_tested: int
    n_baseline: float
    rounds: tuple[int, ...]
    n_rounds: int = 1
    mde: float | None = None

    @property
    def n_first(self) -> int:
        """Trials that every case has in this session, before any retest."""
        return self.rounds[self.n_rounds - 1]


@dataclass(frozen=True, kw_only=True)
class TrialPlan:
    """How many trials every case of a session has.

    Args:
        n_first: trials of a case whose suite is not on the baseline.
        looks: numbers of trials at which a suspicious line is judged alone, ascending; empty: every case has the same
            number of trials, and none is drawn again.
        alpha: the chance of REGRESSED where nothing changed, at most; over all suites and metrics.
        suites: one a gated suite and metric of the baseline, sorted.
        n_calls_least, n_calls_most: trials of the baseline's cases if none is drawn again, and if all of them are.
        sentences: what could be detected, and what could not and why.
    """

    n_first: int
    looks: tuple[int, ...] = ()
    alpha: float = 0.05
    suites: tuple[SuitePlan, ...] = ()
    n_calls_least: int = 0
    n_calls_most: int = 0
    sentences: tuple[str, ...] = ()

    def of(self, suite: str, metric: str) -> SuitePlan | None:
        """Return the plan of one suite and metric; None where it is not gated on the baseline."""
        return next((plan for plan in self.suites if (plan.suite, plan.metric) == (suite, metric)), None)

    def first(self, suite: str) -> int:
        """Return how many trials every case of a suite has before any retest."""
        return max((plan.n_first for plan in self.suites if plan.suite == suite), default=self.n_first)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a session of whole-suite rounds does next.

    Args:
        plan: of the next round; None: stop.
        reason: one sentence, why it goes on or stops.
    """

    plan: TrialPlan | None
    reason: str

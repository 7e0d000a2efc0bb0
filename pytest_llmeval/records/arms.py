"""Several ways to answer the same cases, side by side: Variant, and what setting them against each other says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from pytest_llmeval.records.exchange import Json
from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import CaseId, CheckId


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A way to answer every case; all its trials in a session are its *arm*, which has its name.

    Args:
        name: unique among the variants of a test; empty where a test has one way only.
        model: asked by ``llm``; empty: the one of marker or settings.
        api_base: its endpoint; empty: as for ``model``.
        prompt: text of the prompt file, for the test to use; None where there is none.
        prompt_file: where that text stood, from the root.
        settings: sent with every call of ``llm``, unless the call gives another value.
        share: of the trials of a case in (0, 1] that the arm draws, at least one.
    """

    name: str = ""
    model: str = ""
    api_base: str = ""
    prompt: str | None = None
    prompt_file: str = ""
    settings: Mapping[str, Json] = field(default_factory=dict)
    share: float = 1.0

    def trials_of(self, n_trials: int) -> int:
        """Return how many of the trials of a case the arm draws."""
        # 0.2 * 15 is a little more than 3 in floats.
        return max(1, math.ceil(self.share * n_trials - 1e-9))


class Standing(StrEnum):
    """How one arm stands against another."""

    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    OPEN = "undecided"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, kw_only=True)
class SliceGain:
    """What an arm gains over the reference on the cases with one tag: a description, never a test.

    Args:
        tag: of the cases.
        gain: arm minus reference, positive is better, in [-1, 1].
        low, high: its 95 % interval, as if it were the only one; None if there is none.
        n_cases: cases it is taken over.
    """

    tag: str
    gain: float
    low: float | None
    high: float | None
    n_cases: int


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Two arms by one suite and metric, case by case.

    Args:
        suite, metric: by which they are compared.
        reference, arm: names of the two.
        standing: of ``arm`` against ``reference``, beside all other duels of the session.
        gain: mean over cases of arm minus reference, positive is better, in [-1, 1].
        low, high: 95 % interval of ``gain``; None if there is none.
        bound: the size of difference that is ruled out, each side with 95 % confidence, in [0, 1]; None with ``low``.
        mde: smallest difference that would have been found 4 times in 5, in [0, 1]; None if there is none.
        p: two-sided, as if this were the only duel; at least as great as the p of mean and cases each allows.
        p_adjusted: over all duels of the session.
        reference_mean, arm_mean: over the compared cases, in [0, 1].
        n_cases: cases of both.
        better, worse: lines whose difference is proven.
        slices: one a tag, sorted.
        notes: sentences for the report.
        is_informational: whether no line has a threshold while others of the session do; then nothing is claimed.
    """

    suite: str
    metric: str
    reference: str
    arm: str
    standing: Standing = Standing.NOT_COMPARED
    gain: float = 0.0
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    mde: float | None = None
    p: float = 1.0
    p_adjusted: float = 1.0
    reference_mean: float | None = None
    arm_mean: float | None = None
    n_cases: int = 0
    better: tuple[CheckId, ...] = ()
    worse: tuple[CheckId, ...] = ()
    slices: tuple[SliceGain, ...] = ()
    notes: tuple[str, ...] = ()
    is_informational: bool = False


class Expense(StrEnum):
    """What a trial takes beside its scores, summed over the calls of the code under test."""

    COST_USD = "cost_usd"
    LATENCY_S = "latency_s"


@dataclass(frozen=True, kw_only=True)
class ExpenseDifference:
    """What two arms take for a trial of the same cases.

    Args:
        expense: US dollars, or seconds.
        reference, arm: names of the two.
        reference_mean, arm_mean: mean over cases of the mean over trials.
        low, high: 95 % interval of arm minus reference, on cases like these; None with fewer than two cases.
        n_cases: cases of which both are known.
    """

    expense: Expense
    reference: str
    arm: str
    reference_mean: float
    arm_mean: float
    low: float | None = None
    high: float | None = None
    n_cases: int = 0

    @property
    def difference(self) -> float:
        """Arm minus reference, in the expense's unit; negative is cheaper, or faster."""
        return self.arm_mean - self.reference_mean


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The arms of a session set against each other. It never changes an exit status.

    Args:
        arms: their names, the reference first.
        duels: one a pair of arms, suite and metric.
        expenses: one a pair of arms and expense that is known.
        winner: name of the arm that is proven better than all others it was set against; empty where there is none.
        sentences: the outcome in words, the winner first.
        cases: cases that only some of the arms have scored.
    """

    arms: tuple[str, ...] = ()
    duels: tuple[Duel, ...] = ()
    expenses: tuple[ExpenseDifference, ...] = ()
    winner: str = ""
    sentences: tuple[str, ...] = ()
    cases: tuple[CaseId, ...] = ()

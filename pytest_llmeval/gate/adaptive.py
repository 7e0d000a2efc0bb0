"""Adaptive trials: the mean by the trials that every case had, the single cases at the looks they were drawn to.

A case is drawn again because it looks bad, so its later trials say nothing fair about the mean. They do about the case
itself: at each look its p holds whatever made us look, and the looks share the case's level. Imported late, for numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.boundaries import levels, over_rounds
from pytest_llmeval.gate.families import Finding, mean_test
from pytest_llmeval.gate.laws import law_of
from pytest_llmeval.gate.pairs import after, by_case
from pytest_llmeval.gate.spending import CASE_SHARE, LOOKS, is_provable, share_among, weight
from pytest_llmeval.gate.unconditional import boschloo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.gate.pairs import Pair
    from pytest_llmeval.records import CheckId, SuitePlan


def find(pairs: Sequence[Pair], plan: SuitePlan, *, alpha: float, min_case_drop: float) -> tuple[Finding, float, float]:
    """Put the mean of all rounds so far beside the single lines at their looks.

    Args:
        pairs: of one comparison, with all trials of the session.
        plan: by which they were drawn.
        alpha: the level of both families together.
        min_case_drop: the fall below which a line is not tested, in [0, 1].

    Returns:
        What was found against a fall; the p of a rise of the mean over all rounds; the p of a fall in the last round.
    """
    rounds = plan.rounds[: plan.n_rounds]
    tests = [mean_test(by_case(after(pairs, trials))) for trials in rounds]
    p_fall, p_rise = (over_rounds(plan.n_baseline, plan.rounds, [test[side] for test in tests]) for side in (0, 1))
    single = [pair for pair in pairs if not pair.is_case_level]
    share = CASE_SHARE * alpha
    n_tested = max(plan.n_tested, share_among([len(pair.baseline) for pair in single], share))
    tested = [pair for pair in single if n_tested and is_provable(len(pair.baseline), share / n_tested)]
    finding = Finding(
        p_mean=p_fall,
        p_cases=_adjusted(tested, n_tested, min_case_drop),
        spent=share if n_tested else 0.0,
        share=CASE_SHARE if n_tested else 0.0,
    )
    return finding, p_rise, tests[-1][0]


def bound_level(plan: SuitePlan, level: float) -> float:
    """Return at which confidence the last round bounds the mean, so that a bound of any round errs in 1 - level."""
    every = levels(plan.n_baseline, plan.rounds, 1.0 - level)
    return 1.0 - every[plan.n_rounds - 1]


def look_p(pair: Pair) -> float:
    """Return the p of one line by all its trials.

    Source:
        Passes: Boschloo's unconditional test, some 5 times smaller than Fisher's where it matters. Other scores: the
        exact law of the exchanged labels.
    """
    if not pair.is_informative:
        return 1.0
    if pair.is_two_valued:
        high = max(*pair.baseline, *pair.current)
        table = boschloo(len(pair.baseline), len(pair.current))
        return float(table[pair.baseline.count(high), pair.current.count(high)])
    return law_of(pair.pooled, len(pair.current)).tail(sum(pair.current))


def line_p(pair: Pair) -> float:
    """Return the p of one line over the looks it has come to; 1.0 if to none.

    Source:
        Bonferroni over the looks, each with its weight. ``P(line is drawn to a look, and its p there is at most t)`` is
        at most t whatever decided on the draws.
    """
    early = [pair.first(look) for look in LOOKS if look <= pair.n_drawn]
    p = [look_p(seen) / weight(look) for look, seen in zip(LOOKS, early, strict=False) if seen is not None]
    return min([1.0, *p])


def _adjusted(pairs: Sequence[Pair], n_tested: int, min_case_drop: float) -> dict[CheckId, float]:
    """Return the adjusted p of the lines that share the level.

    Source:
        Holm 1979 over all lines that can be proven, not over those that were drawn again: the lucky baseline for which
        a line was drawn again is in its p.
    """
    adjusted = dict.fromkeys((pair.id for pair in pairs), 1.0)
    fallen = sorted((line_p(pair), pair.id) for pair in pairs if pair.fall >= min_case_drop - 1e-9)
    running = 0.0
    for rank, (p, id_) in enumerate(fallen):
        running = max(running, min(1.0, p * (n_tested - rank)))
        adjusted[id_] = running
    return adjusted

"""Whether a case is drawn again: decided where it ran, from the baseline, its own lines and the plan alone.

Any rule is legal here, a human's and a budget's too: it decides what is drawn, never what is proven.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.gate.matching import fate, pair_of
from pytest_llmeval.gate.pairs import variance_of
from pytest_llmeval.gate.spending import CASE_SHARE, full_break_p, weight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.gate.pairs import Pair
    from pytest_llmeval.records import Line, TrialPlan

_SUSPICIOUS = 1.3
_GIVE_UP: Mapping[int, float] = {5: 0.20, 10: 0.02}
_MIN_CASE_DROP = 0.05


def next_trials(known: Sequence[Line], so_far: Sequence[Line], plan: TrialPlan, *, suite: str) -> int:
    """Return how many trials a case should have in all; as many as it has: it is done.

    Args:
        known: the baseline's lines of this case; empty for a new one.
        so_far: the session's lines of this case, with all their trials; empty before the first.
        plan: of the session.
        suite: the case's suite.

    Source:
        GATE section 4. A case with a case-level line (consistency) has the trials its baseline value stands for, since
        it could not be compared otherwise, and is never drawn again.
    """
    over_trials = [line.n_trials for line in known if line.is_case_level and line.threshold is not None]
    first = max(over_trials, default=plan.first(suite))
    n_drawn = max((line.n_drawn for line in so_far if not line.is_case_level), default=0)
    if over_trials or not so_far or n_drawn < first:
        return max(first, n_drawn)
    baseline = {line.id: line for line in known}
    wanted = [_wanted(baseline[line.id], line, plan) for line in so_far if line.id in baseline]
    return max([n_drawn, *wanted])


def _wanted(before: Line, now: Line, plan: TrialPlan) -> int:
    """Return up to which look one line is worth drawing; 0: it is not."""
    suite = plan.of(now.suite, now.id.metric)
    is_gated = now.threshold is not None or before.threshold is not None
    if suite is None or not suite.n_tested or not is_gated or now.is_case_level or fate(before, now) != "compared":
        return 0
    known = {draw.origin for draw in before.draws if draw.origin}
    if all(draw.origin in known for draw in now.draws):
        return 0  # The baseline's own draws: nothing is left to chance.
    level = CASE_SHARE * plan.alpha / (len(plan.suites) * suite.n_tested)
    return _next_look(pair_of(before, now, known), plan.looks, level)


def _next_look(pair: Pair, looks: Sequence[int], level: float) -> int:
    ahead = [look for look in looks if look > pair.n_drawn]
    if not ahead or pair.fall < _MIN_CASE_DROP:
        return 0
    if pair.n_drawn in _GIVE_UP and pair.n_drawn in looks:
        from pytest_llmeval.gate.adaptive import line_p, look_p

        if look_p(pair) > _GIVE_UP[pair.n_drawn] or line_p(pair) <= level:
            return 0
    elif _z(pair) < _SUSPICIOUS:
        return 0
    return ahead[0] if any(_best_p(pair, look) <= weight(look) * level for look in ahead) else 0


def _z(pair: Pair) -> float:
    """Return the fall in standard errors, the spread taken from both runs' scores together."""
    noise = variance_of(pair.pooled) * (1 / len(pair.baseline) + 1 / len(pair.current))
    return pair.fall / math.sqrt(noise) if noise else 0.0


def _best_p(pair: Pair, look: int) -> float:
    """Return the smallest p that a line can still have at a look; a lower bound of it where scores are not passes."""
    m = len(pair.baseline)
    if not pair.is_two_valued:
        return 1 / math.comb(m + look, look)
    high = max(pair.baseline)
    before, now = pair.baseline.count(high), pair.current.count(high)
    if (before, now) == (m, 0):
        return full_break_p(m, look)
    from pytest_llmeval.gate.unconditional import boschloo

    return float(boschloo(m, look)[before, now])

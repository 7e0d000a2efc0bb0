"""The two questions a comparison asks: did the mean fall (F1), and did any single case fall (F2)? GATE section 3.

Both are tests of "nothing changed": within a case, baseline and current scores are exchangeable. This module imports
numpy, so it is imported late.
"""

from __future__ import annotations

import math
from collections import Counter
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pytest_llmeval.gate.laws import SEED, Law, law_of
from pytest_llmeval.gate.pairs import UNIT, Pair, variance_of
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.gate.laws import Floats
    from pytest_llmeval.records import CheckId

HALF = 0.5
"""Of a level, for the case family where all cases have their trials at once."""

_N_DRAWS = 9_999
_ENOUGH_FOR_NORMAL = 100
_N_HALVINGS = 50


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What both tests found, one-sided.

    Args:
        p_mean: of the mean test.
        p_cases: by line, adjusted over all lines of the comparison; 1.0 where a fall is below the practical floor.
        spent: what of alpha the case family can really use up, at most ``share * alpha``; the mean test has the rest.
        share: of a level, for the case family, in [0, 1).
    """

    p_mean: float
    p_cases: Mapping[CheckId, float]
    spent: float
    share: float = HALF

    @property
    def p_case(self) -> float:
        """The smallest adjusted p over the lines."""
        return min(self.p_cases.values(), default=1.0)

    @property
    def p_min(self) -> float:
        """The smallest level at which anything would be rejected."""
        by_case = self.p_case / self.share if self.share else 1.0
        return min(1.0, self.p_mean / (1.0 - self.share), self.p_mean + self.spent, by_case)


def mean_level(level: float, spent: float, share: float = HALF) -> float:
    """Return what the mean test has of a level, if the case family has a share of it and can use up ``spent`` at most.

    Valid at every level, so it may be asked again at the smaller levels of Holm's procedure: the case family rejects
    with a probability of at most ``min(share * level, spent)``.
    """
    return max((1.0 - share) * level, level - spent)


def find_falls(pairs: Sequence[Pair], p_mean: float, *, alpha: float, min_case_drop: float) -> Finding:
    """Put the mean test of a fall beside the tests of the single lines.

    Args:
        pairs: of one comparison, at least one.
        p_mean: of ``mean_test`` against a fall.
        alpha: the level of both families together.
        min_case_drop: the fall below which a line is not tested, in [0, 1].
    """
    single = [pair for pair in pairs if not pair.is_case_level]
    p_cases, spent = _test_cases(single, alpha, min_case_drop)
    return Finding(p_mean=p_mean, p_cases=p_cases, spent=spent)


def find_rises(pairs: Sequence[Pair], p_mean: float, *, alpha: float, min_case_drop: float) -> Finding:
    """Return the mirror image of ``find_falls``; ``p_mean`` is of ``mean_test`` against a rise."""
    mirrored = [pair.mirrored() for pair in pairs]
    return find_falls(mirrored, p_mean, alpha=alpha, min_case_drop=min_case_drop)


def mean_test(pairs: Sequence[Pair]) -> tuple[float, float]:
    """Return the one-sided p of a fall and of a rise of the mean over cases, labels exchanged within each case.

    Args:
        pairs: one a case, in any order.

    Source:
        Stratified permutation test; its normal form is the score test of Cochran, Mantel and Haenszel. The draws:
        (1 + hits) / (1 + draws), Davison and Hinkley 1997, section 4.2.
    """
    informative = [pair for pair in pairs if pair.is_informative]
    if not informative:
        return 1.0, 1.0
    # By content, not by name: a renamed case draws the same random numbers.
    informative.sort(key=lambda pair: (pair.pooled, sorted(pair.current)))
    change = -math.fsum(pair.fall for pair in informative)
    if len(informative) >= _ENOUGH_FOR_NORMAL:
        return _normal_p(informative, change), _normal_p(informative, -change)
    changes = _exchanged(informative)
    slack = 1e-9 * len(pairs)
    n_lower, n_higher = np.count_nonzero(changes <= change + slack), np.count_nonzero(changes >= change - slack)
    return (1 + int(n_lower)) / (1 + _N_DRAWS), (1 + int(n_higher)) / (1 + _N_DRAWS)


def _exchanged(informative: Sequence[Pair]) -> Floats:
    """Return the sum over cases of current minus baseline mean, labels exchanged at random within each case."""
    rng = np.random.default_rng(SEED)
    changes = np.zeros(_N_DRAWS)
    laws: dict[tuple[tuple[int, ...], int], Law] = {}
    for pair in informative:
        m, k, pooled = len(pair.baseline), len(pair.current), pair.pooled
        if (pooled, k) not in laws:
            laws[pooled, k] = law_of(pooled, k)
        sums = laws[pooled, k].draw(rng, _N_DRAWS)
        changes += sums / (k * UNIT) - (sum(pooled) - sums) / (m * UNIT)
    return changes


def _normal_p(informative: Sequence[Pair], change: float) -> float:
    """Return the probability of a sum of changes of at most ``change``, by the normal law."""
    noise = math.fsum(
        variance_of(pair.pooled) * (1 / len(pair.baseline) + 1 / len(pair.current)) for pair in informative
    )
    half_step = 0.0
    if all(set(pair.pooled) == {0, UNIT} for pair in informative):
        half_step = min(1 / len(pair.baseline) + 1 / len(pair.current) for pair in informative) / 2
    return NormalDist().cdf((change + half_step) / math.sqrt(noise))


class _CaseFamily:
    """The laws of the lines not yet rejected, and what a level costs over all of them.

    Lines of different cases are independent given their pooled scores. Lines of one case are not, so within a case
    their shares are added up.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        places: dict[tuple[tuple[int, ...], int], int] = {}
        self._laws: list[Law] = []
        self._law_of: dict[CheckId, int] = {}
        cases: dict[tuple[str, str], list[int]] = {}
        for pair in pairs:
            key = pair.pooled, len(pair.current)
            if key not in places:
                places[key] = len(self._laws)
                self._laws.append(law_of(*key))
            self._law_of[pair.id] = places[key]
            cases.setdefault((pair.id.test, pair.id.case), []).append(places[key])
        self._cases = {case: sorted(laws) for case, laws in cases.items()}
        self._kinds = Counter(tuple(laws) for laws in self._cases.values())

    def raw_p(self, pair: Pair) -> float:
        """Return the p of one line by itself."""
        return self._laws[self._law_of[pair.id]].tail(sum(pair.current))

    def cost(self, level: float) -> float:
        """Return the probability that any of the lines has a raw p of at most ``level``."""
        shares = [law.attained(level) for law in self._laws]
        logs = []
        for kind, n_cases in self._kinds.items():
            share = math.fsum(shares[law] for law in kind)
            if share >= 1.0:
                return 1.0
            logs.append(n_cases * math.log1p(-share))
        return -math.expm1(math.fsum(logs))

    def leave(self, id_: CheckId) -> None:
        """Take out a line that was rejected."""
        laws = self._cases[id_.test, id_.case]
        self._kinds -= Counter([tuple(laws)])
        laws.remove(self._law_of[id_])
        self._kinds[tuple(laws)] += 1


def _test_cases(pairs: Sequence[Pair], alpha: float, min_case_drop: float) -> tuple[dict[CheckId, float], float]:
    """Return the adjusted p of every line, and what the family spends of ``alpha / 2``.

    A line that fell by less than the practical floor is never named, so it is not tested (p = 1); it still counts in
    the price of the others. Adjusted p are exact up to ``alpha`` and at least ``alpha`` beyond.

    Source:
        Step-down minimum p (Westfall and Young 1993) with the discrete laws of the lines (Tarone 1990): a line whose
        scores never vary attains no small p, and costs the others nothing.
    """
    family = _CaseFamily(pairs)
    spent = _spent(family, alpha / 2)
    adjusted = dict.fromkeys((pair.id for pair in pairs), 1.0)
    raw = sorted((family.raw_p(pair), pair.id) for pair in pairs if pair.fall >= min_case_drop - 1e-9)
    running = 0.0
    for p, id_ in raw:
        running = max(running, family.cost(p)) if running <= alpha else max(running, p)
        adjusted[id_] = running
        if running <= alpha:
            family.leave(id_)
    return adjusted, spent


def _spent(family: _CaseFamily, level: float) -> float:
    """Return the largest cost of the family that is at most ``level``."""
    low, high = 0.0, level
    if (cost := family.cost(high)) <= level:
        return cost
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if family.cost(middle) <= level else (low, middle)
    return family.cost(low)

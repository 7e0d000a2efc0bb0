"""How much one arm gains over another: the interval of the mean difference, its p, and what could have been seen.

Two arms are not one application twice: they may scatter differently. So, unlike ``families``, which asks whether
anything differs at all, nothing here takes the scatter of one arm for that of the other. scipy is imported late.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gate.pairs import variance_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.gate.pairs import Pair

_POWER = NormalDist().inv_cdf(0.80)


class Gain(NamedTuple):
    """The difference of two means over the same cases, and how sure it is.

    Args:
        value: second arm minus first, in [-1, 1].
        noise: variance of ``value`` over trial noise.
        degrees: of freedom of ``noise``; 0.0: there is a single pair of scores, which tells nothing.
        n_silent: trials of an arm in which some case never varied, the fewer of the two; the fewer, the less equal
            scores prove. Infinity where every case varied.
    """

    value: float
    noise: float
    degrees: float
    n_silent: float

    def interval(self, level: float) -> tuple[float, float] | None:
        """Return the bounds of the difference, each one-sided at ``level``, in (0.5, 1); None if there are none."""
        if not self.degrees:
            return None
        from scipy.special import stdtrit

        half = self._half(float(stdtrit(self.degrees, level)))
        return max(self.value - half, -1.0), min(self.value + half, 1.0)

    @property
    def p_rise(self) -> float:
        """One-sided p of a gain: the level at which the interval's lower bound would be 0."""
        return self._p(self.value)

    @property
    def p_fall(self) -> float:
        """One-sided p of a loss."""
        return self._p(-self.value)

    def visible(self, alpha: float) -> float | None:
        """Return the smallest difference that is found 4 times in 5 at a two-sided level, in [0, 1]; None if none is.

        From the noise that was seen, never from the difference that was.
        """
        if not self.degrees:
            return None
        from scipy.special import stdtrit

        found = self._half(float(stdtrit(self.degrees, 1.0 - alpha / 2)) + _POWER)
        return found if found < 1.0 else None

    def _half(self, z: float) -> float:
        return z * math.sqrt(self.noise + (z / self.n_silent) ** 2)

    def _p(self, size: float) -> float:
        if not self.degrees or size <= 0.0:
            return 1.0
        from scipy.special import stdtr

        # _half(z) = size, solved for z; in a form that loses no digits where the noise is large.
        root = math.sqrt(self.noise**2 + (2 * size / self.n_silent) ** 2)
        return float(stdtr(self.degrees, -size * math.sqrt(2 / (self.noise + root))))


def gain_of(pairs: Sequence[Pair]) -> Gain:
    """Measure what the current scores gain over the baseline's.

    Args:
        pairs: one a case, at least one; the first arm is their baseline.

    Source:
        Variance within cases, or of the paired differences where an arm has one trial (Miller 2024, arXiv:2411.00640,
        section 4.2). Degrees of freedom: Welch 1947 (Satterthwaite 1946), since the arms scatter differently. Where a
        case never varied, ``z²/N²`` is added to the variance: if no trial varies, the interval is ``± z²/N``, the rule
        of three of the arm with fewer trials. ADR 14 has what that keeps, by simulation.
    """
    n = len(pairs)
    gains = [-pair.fall for pair in pairs]
    value = math.fsum(gains) / n
    runs = [pair.baseline for pair in pairs], [pair.current for pair in pairs]
    n_drawn = [sum(map(len, arm)) for arm in runs]
    if all(len(run) > 1 for arm in runs for run in arm):
        parts = [_noise(arm) for arm in runs]
        silent = [drawn for arm, drawn in zip(runs, n_drawn, strict=True) if any(len(set(run)) == 1 for run in arm)]
        spread = math.fsum(part**2 / (drawn - n) for part, drawn in zip(parts, n_drawn, strict=True))
        # Without any variance there is nothing to weigh: the arm with fewer trials is what is least known.
        degrees = math.fsum(parts) ** 2 / spread if spread else float(min(n_drawn) - n)
        return Gain(value, math.fsum(parts), degrees, min(silent, default=math.inf))
    noise = math.fsum((gain - value) ** 2 for gain in gains) / ((n - 1) * n) if n > 1 else 0.0
    is_silent = not noise or not all(gains)
    return Gain(value, noise, float(n - 1), min(n_drawn) if is_silent else math.inf)


def _noise(runs: Sequence[Sequence[int]]) -> float:
    """Return the variance of one arm's mean over cases; every run has two scores or more."""
    return math.fsum(variance_of(run) / len(run) for run in runs) / len(runs) ** 2

"""A mean that is looked at in several rounds: what level each round has, and what all rounds so far say together.

The rounds of one session are strongly correlated: each contains the one before it. A level that is split as if they
were independent is mostly wasted; this module spends it along their joint law. It imports numpy, so it is imported
late.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.gate.laws import Floats

_NORMAL = NormalDist()
_N_POINTS = 301
_LOWEST, _HIGHEST = -6.0, 6.0
_N_HALVINGS = 50
_LEVELS = tuple(10.0**-power for power in (9, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.7, 2.4, 2.1, 1.8, 1.5, 1.2, 0.9, 0.6, 0.3))

# What lies between two tabled levels is found a little too small, by less than this.
_BETWEEN = 1.002


def levels(n_baseline: float, rounds: tuple[int, ...], level: float) -> tuple[float, ...]:
    """Return at which p each round rejects, so that all rounds together reject with a probability of ``level``.

    Args:
        n_baseline: trials a case on the baseline, their harmonic mean, above 0.
        rounds: trials of every case after each round, ascending.
        level: of all of them, in (0, 0.5).

    Source:
        Lan and DeMets 1983, Biometrika 70: spending in proportion to the information ``I = 1 / (1/m + 1/r)``; rounds
        against one fixed baseline have the covariance that this needs, ``cov(T_r, T_s) = var(T_s)`` for r < s. The
        integration is that of Armitage, McPherson and Rowe 1969.
    """
    return _levels(tuple(_information(n_baseline, rounds)), level)


def over_looks(information: Sequence[float], p_looks: Sequence[float]) -> float:
    """Return the p of all looks so far: the smallest level at which one of them rejects.

    Args:
        information: of all looks that are planned, ascending; only its ratios count. For two arms of a and b trials a
            case it is ``1 / (1/a + 1/b)``.
        p_looks: one-sided p of those that are drawn, in their order, at least one.

    Source:
        As for ``levels``: where both samples grow, the covariance is the same.
    """
    if len(information) == 1:
        return p_looks[0]
    return min(_overall(tuple(information), place, p) for place, p in enumerate(p_looks))


def over_rounds(n_baseline: float, rounds: tuple[int, ...], p_rounds: Sequence[float]) -> float:
    """Return the p of all rounds so far: the smallest ``level`` at which one of them rejects.

    Args:
        n_baseline: as for ``levels``.
        rounds: all that are planned, ascending.
        p_rounds: one-sided p of those that are drawn, in their order, at least one.
    """
    return over_looks(_information(n_baseline, rounds), p_rounds)


def _overall(information: tuple[float, ...], place: int, p: float) -> float:
    """Return the level at which one round rejects at ``p``, between tabled ones on a scale of logarithms."""
    nominal = [levels[place] for levels in _table(information)]
    if p >= nominal[-1]:
        return 1.0
    if p <= nominal[0]:
        return _LEVELS[0]
    return float(np.exp(np.interp(math.log(p), np.log(nominal), np.log(_LEVELS)))) * _BETWEEN


@lru_cache(maxsize=64)
def _table(information: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(_levels(information, level) for level in _LEVELS)


def _information(n_baseline: float, rounds: Sequence[int]) -> list[float]:
    return [1.0 / (1.0 / n_baseline + 1.0 / trials) for trials in rounds]


@lru_cache(maxsize=1024)
def _levels(information: tuple[float, ...], level: float) -> tuple[float, ...]:
    if len(information) == 1:
        return (level,)
    # The score process: standard deviations of information's root, independent increments.
    found: list[float] = []
    spent = 0.0
    points, mass = np.zeros(1), np.ones(1)
    before = 0.0
    for now in information:
        spend = level * now / information[-1] - spent
        grid = np.linspace(_LOWEST, _HIGHEST, _N_POINTS) * math.sqrt(now)
        step = math.sqrt(now - before)
        density = np.exp(-0.5 * ((grid[:, None] - points) / step) ** 2) @ mass / (step * math.sqrt(2 * math.pi))
        boundary = _where(points, mass, step, spend)
        found.append(_NORMAL.cdf(boundary / math.sqrt(now)))
        points, mass = _above(grid, density, boundary)
        spent += spend
        before = now
    return tuple(found)


def _where(points: Floats, mass: Floats, step: float, spend: float) -> float:
    """Return the value of the score below which a mass of ``spend`` falls."""
    from scipy.special import ndtr

    low, high = float(points[0]) - 9.0 * step, float(points[-1]) + 9.0 * step
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if float(ndtr((middle - points) / step) @ mass) < spend else (low, middle)
    return low


def _above(grid: Floats, density: Floats, boundary: float) -> tuple[Floats, Floats]:
    """Return points above a boundary, and the mass that stands for each, by the trapezoidal rule."""
    kept = grid > boundary
    points = np.concatenate([[boundary], grid[kept]])
    heights = np.concatenate([[np.interp(boundary, grid, density)], density[kept]])
    gaps = np.diff(points)
    mass = np.zeros(len(points))
    mass[:-1] += gaps * heights[:-1] / 2
    mass[1:] += gaps * heights[1:] / 2
    return points, mass

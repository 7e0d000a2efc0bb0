"""Boschloo's exact test of passes, tabled. It needs no pooled total to be fixed, so a case may be drawn again at will.

This module imports numpy, so it is imported late.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pytest_llmeval.gate.laws import Floats

_LEAST_RATES = 1_000
_BLOCK = 50
# Between two rates of the grid the probability of a region rises by less than this share of it: an outcome of N trials
# has a curvature of at most 4 N in the angle, and the grid has max(1000, 3 N) angles.
_BETWEEN = 1.0 + 5e-4
_SAME = 1.0 + 1e-9


@lru_cache(maxsize=64)
def boschloo(n_baseline: int, n_current: int) -> Floats:
    """Return the one-sided p of every outcome, by passes on the baseline (rows) and in the session (columns).

    Args:
        n_baseline: trials on the baseline, from 1.
        n_current: trials in the session, from 1.

    Returns:
        Shape ``(n_baseline + 1, n_current + 1)``, small where the session passes less often. The sup over the common
        pass rate is taken on a grid and rounded up, so that it is never too small.

    Source:
        Boschloo 1970, Statistica Neerlandica 24: Fisher's p as the statistic, its law at the worst common pass rate;
        as ``scipy.stats.boschloo_exact``, which needs some 20 ms an outcome.
    """
    m, k = n_baseline, n_current
    log_ways = np.add.outer(_log_choices(m), _log_choices(k))
    passes = np.add.outer(np.arange(m + 1), np.arange(k + 1))
    order = np.argsort(_fisher(m, k), axis=None, kind="stable")
    ranked = _fisher(m, k).ravel()[order]
    n_rates = max(_LEAST_RATES, 3 * (m + k))
    angles = (np.arange(n_rates) + 0.5) * (math.pi / 2 / n_rates)
    worst = np.zeros(order.size)
    for start in range(0, n_rates, _BLOCK):
        rates = np.sin(angles[start : start + _BLOCK, None]) ** 2
        logs = log_ways.ravel()[order] + passes.ravel()[order] * np.log(rates)
        logs += (m + k - passes.ravel()[order]) * np.log1p(-rates)
        np.maximum(worst, np.exp(logs).cumsum(axis=1).max(axis=0), out=worst)
    # Outcomes with the same statistic belong to one region.
    last = np.searchsorted(ranked, ranked * _SAME, side="right") - 1
    table = np.empty(order.size)
    table[order] = np.minimum(worst[last] * _BETWEEN, 1.0)
    return table.reshape(m + 1, k + 1)


def _fisher(m: int, k: int) -> Floats:
    """Return Fisher's one-sided p of every outcome."""
    log_ways = np.add.outer(_log_choices(m), _log_choices(k))
    p = np.ones((m + 1, k + 1))
    for total in range(m + k + 1):
        now = np.arange(max(0, total - m), min(k, total) + 1)
        logs = log_ways[total - now, now]
        tail = np.exp(logs - logs.max()).cumsum()
        p[total - now, now] = tail / tail[-1]
    return p


def _log_choices(n: int) -> Floats:
    return np.array([math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1) for j in range(n + 1)])

"""Peers' rules, as they stand in the field (GATE section 2): scores of both runs in, red or not out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import ttest_1samp
from suites import THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites import Scores


def all_pass(baseline: Scores, current: Scores) -> bool:  # noqa: ARG001 - this rule needs no baseline, as in the field
    """Red unless the mean of every case reaches the threshold."""
    return bool((current.mean(axis=1) < THRESHOLD).any())


def mean_drop(baseline: Scores, current: Scores) -> bool:
    """Red if the mean fell by more than 5 points."""
    return bool(baseline.mean() - current.mean() > 0.05)


def k_of_n(baseline: Scores, current: Scores) -> bool:  # noqa: ARG001 - as above
    """Red unless every case passes 80 % of its trials."""
    return bool(((current >= THRESHOLD).mean(axis=1) < 0.8).any())


def retry(baseline: Scores, current: Scores) -> bool:  # noqa: ARG001 - as above
    """Red if a case passes none of up to three trials."""
    return bool((current[:, :3] < THRESHOLD).all(axis=1).any())


def paired_t(baseline: Scores, current: Scores) -> bool:
    """Red if a paired t-test over the cases' means says so at 5 %, one-sided."""
    falls = baseline.mean(axis=1) - current.mean(axis=1)
    if np.ptp(falls) < 1e-12:
        return False
    return bool(ttest_1samp(falls, 0.0, alternative="greater").pvalue <= 0.05)


RULES: dict[str, Callable[[Scores, Scores], bool]] = {
    "all pass": all_pass,
    "mean -5": mean_drop,
    "k of n": k_of_n,
    "retry x2": retry,
    "paired t": paired_t,
}

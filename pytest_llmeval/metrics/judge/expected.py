"""The expected grade: where a judge gives the probabilities of its tokens, the mean over the grades it weighed.

A grade by itself has five values, and ties hide small differences; the expectation has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_llmeval.metrics.judge.rubric import HIGHEST, LOWEST

if TYPE_CHECKING:
    from pytest_llmeval.records.more import Token

_GRADES = {str(grade): grade for grade in range(LOWEST, HIGHEST + 1)}


def expected_grade(tokens: Sequence[Token], grade: int) -> float | None:
    """Return the mean of the grades 1 to 5, each weighed by the probability that its token had where the grade stands.

    Args:
        tokens: of the whole reply.
        grade: that was given; its token is the last one that is this number.

    Returns:
        a number in [1, 5]; None where the probabilities are not known, or the grade is no token of its own.

    Source:
        G-Eval: Liu et al. 2023, arXiv:2303.16634, section 2.3. Their weights are normalised here over the grades that
        are among the likeliest tokens.
    """
    at = next((token for token in reversed(tokens) if token.text.strip() == str(grade)), None)
    if at is None:
        return None
    weights: dict[int, float] = {}
    for text, logprob in at.top.items():
        found = _GRADES.get(text.strip())
        if found is not None and logprob is not None and logprob <= 0.0:
            weights[found] = weights.get(found, 0.0) + math.exp(logprob)
    total = math.fsum(weights.values())
    if not total > 0.0 or grade not in weights:
        return None
    return min(max(math.fsum(found * weight for found, weight in weights.items()) / total, LOWEST), HIGHEST)

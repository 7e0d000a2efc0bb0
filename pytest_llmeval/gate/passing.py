"""pass^k and pass@k: how often all of k trials pass, and how often at least one does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records import Line


def pass_rates(lines: Sequence[Line]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return pass^k and pass@k for k = 1, 2, …, each averaged over lines.

    Args:
        lines: of one suite and metric; those without a threshold, without a score or over trials are left out.

    Returns:
        Two tuples of equal length, the number of scored trials of the line that has the fewest; empty without lines.

    Source:
        Of n trials c passed. All of k: ``C(c, k) / C(n, k)``, Yao et al. 2024, tau-bench, arXiv:2406.12045, section 4.
        Any of k: ``1 - C(n - c, k) / C(n, k)``, Chen et al. 2021, arXiv:2107.03374, section 2.1. Both are unbiased.
    """
    counts = []
    for line in lines:
        if line.threshold is not None and line.draws and not line.is_case_level:
            (threshold,) = whole([line.threshold])
            counts.append((sum(score >= threshold for score in whole(line.scores)), len(line.draws)))
    most = min((n for _, n in counts), default=0)
    every = range(1, most + 1)
    return (
        tuple(math.fsum(math.comb(c, k) / math.comb(n, k) for c, n in counts) / len(counts) for k in every),
        tuple(1.0 - math.fsum(math.comb(n - c, k) / math.comb(n, k) for c, n in counts) / len(counts) for k in every),
    )

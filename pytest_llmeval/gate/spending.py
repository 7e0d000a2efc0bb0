"""How the level of adaptive trials is shared out: between mean and cases, over looks. ADR 10 has the why.

Everything here depends on the numbers of trials alone, never on a score, so any share is valid.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CASE_SHARE = 0.2
"""Of a level, for the case family; the mean test has the rest."""

LOOKS = (5, 10, 20)
"""Numbers of trials at which a suspicious line is judged alone."""

ROUNDS = (1, 2, 3, 5, 10)
"""Trials of every case after each whole-suite round."""

_WEIGHTS = {5: 0.2, 10: 0.3, 20: 0.5}
_SMALL = 10
_MIDDLING = 50


def weight(look: int) -> float:
    """Return the share of a line's level that is for one look; over ``LOOKS`` they add up to 1."""
    return _WEIGHTS[look]


def first_pass(n_cases: int) -> int:
    """Return how many trials every case of a suite has at first.

    Source:
        GATE section 4.
    """
    if n_cases <= _SMALL:
        return 3
    return 2 if n_cases <= _MIDDLING else 1


def full_break_p(n_baseline: int, n_current: int) -> float:
    """Return the p of a line that always passed and now always fails: the smallest that any scores can have.

    Source:
        Boschloo's test in its corner: the sup over q of q^m (1 - q)^k is at q = m / (m + k).
    """
    n = n_baseline + n_current
    return float((n_baseline / n) ** n_baseline * (n_current / n) ** n_current)


def is_provable(n_baseline: int, level: float) -> bool:
    """Whether a full break of a line would be named at one of the looks.

    Args:
        n_baseline: its trials on the baseline.
        level: of this line, all looks together.
    """
    return any(full_break_p(n_baseline, look) <= weight(look) * level for look in LOOKS)


def share_among(n_baseline: Sequence[int], level: float) -> int:
    """Return among how many lines a level is shared: no more than that many can be proven broken at their share.

    Args:
        n_baseline: trials on the baseline, one a line.
        level: of all of them together.

    Source:
        Tarone 1990: a line that can never be rejected needs no share.
    """
    counts = Counter(n_baseline)

    def n_provable(n_tested: int) -> int:
        return sum(n_lines for n, n_lines in counts.items() if is_provable(n, level / n_tested))

    # The smaller a line's part, the fewer lines are provable, so the first number that suffices can be searched for.
    every = range(1, len(n_baseline) + 1)
    place = bisect_left(every, True, key=lambda n_tested: n_provable(n_tested) <= n_tested)
    return every[place] if place < len(every) and n_provable(every[place]) else 0

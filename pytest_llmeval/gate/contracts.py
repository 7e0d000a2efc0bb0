"""Lines that main does not know, and whose check says how often they must pass (``require=``): held to that share.

Their own trials are all there is, so the question is absolute: could a line that keeps its share pass so seldom?
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import whole
from pytest_llmeval.records import Contract

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from pytest_llmeval.records import CheckId, Line

_MOST_TRIALS = 200


def contracts_of(known: Container[CheckId], lines: Sequence[Line]) -> tuple[Contract, ...]:
    """Return the contracts of a session, each with its own p, sorted by id.

    Args:
        known: ids that have a line on the baseline, such as ``Baseline.lines``.
        lines: the session's; those with a baseline, without ``require`` or without a score are no contracts.

    Source:
        Exact binomial test: the chance of at most so many passes if each trial passed with ``require``.
    """
    found = []
    for line in lines:
        if line.id in known or line.require is None or line.threshold is None or not line.draws:
            continue
        (threshold,) = whole([line.threshold])
        n_passed = sum(score >= threshold for score in whole(line.scores))
        n = len(line.draws)
        found.append(
            Contract(
                id=line.id,
                require=line.require,
                n_passed=n_passed,
                n_trials=n,
                p=_at_most(n_passed, n, line.require),
            )
        )
    return tuple(sorted(found, key=lambda contract: contract.id))


def adjusted(contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    """Return contracts with their p over all of them, in their order (Holm 1979)."""
    held = list(contracts)
    running = 0.0
    for rank, place in enumerate(sorted(range(len(contracts)), key=lambda place: contracts[place].p)):
        running = max(running, min(1.0, contracts[place].p * (len(contracts) - rank)))
        held[place] = replace(contracts[place], p_adjusted=running)
    return tuple(held)


def judged(contracts: Sequence[Contract], level: float) -> tuple[Contract, ...]:
    """Return contracts with the word whether they are proven broken at a level."""
    return tuple(replace(contract, is_broken=contract.p_adjusted <= level) for contract in contracts)


def _at_most(n_passed: int, n: int, rate: float) -> float:
    return min(1.0, math.fsum(math.comb(n, j) * rate**j * (1.0 - rate) ** (n - j) for j in range(n_passed + 1)))


def trials_to_decide(contract: Contract, level: float) -> int | None:
    """Return how many more trials, passing as often as those so far, would prove a contract broken; None if none do.

    Args:
        contract: one that is not proven broken.
        level: at which it would be proven.
    """
    rate = contract.n_passed / contract.n_trials
    if rate >= contract.require:
        return None
    for more in range(1, _MOST_TRIALS):
        n = contract.n_trials + more
        if _at_most(round(rate * n), n, contract.require) <= level:
            return more
    return None

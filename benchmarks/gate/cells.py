"""A cell: one kind of suite, one size, one change, simulated again and again. Cells run in processes of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import sessions
from rules import RULES
from suites import CHANGES, KINDS, METRIC, SEED, SUITE, lines

from pytest_llmeval.gate import compare
from pytest_llmeval.records import Comparison, Verdict

if TYPE_CHECKING:
    from suites import Scores


@dataclass(frozen=True)
class Cell:
    """What is simulated.

    Args:
        kind, change: names in ``suites``.
        n: cases.
        m: trials on the baseline.
        k: trials here; 0: adaptive, in one session; -1: adaptive, in rounds until it is decided.
        n_suites: how often.
    """

    kind: str
    change: str
    n: int
    m: int
    k: int
    n_suites: int

    @property
    def label(self) -> str:
        """The cell in a few words, its change aside."""
        trials = {0: "auto", -1: "rounds"}.get(self.k, f"k={self.k}")
        return f"{self.kind} n={self.n} m={self.m} {trials}"


@dataclass(frozen=True)
class Outcome:
    """What happened in the suites of a cell: counts by word; trials a case, and the standard error of their mean."""

    cell: Cell
    counts: Counter[str]
    calls: float
    calls_error: float


def simulate(cell: Cell) -> Outcome:
    """Simulate a cell; the same cell gives the same outcome."""
    kind = KINDS[cell.kind]
    # By content: a cell is the same in whichever table it stands.
    rng = np.random.default_rng([SEED, crc32(f"{cell.kind} {cell.change}".encode()), cell.n, cell.m, cell.k + 1])
    counts: Counter[str] = Counter()
    calls = []
    for _ in range(cell.n_suites):
        rates = kind.rates(rng, cell.n)
        changed = CHANGES[cell.change](rates)
        broken = {str(case) for case in np.flatnonzero(changed < rates)}
        baseline = kind.scores(rng, rates, cell.m)
        current = kind.scores(rng, changed, cell.k if cell.k > 0 else sessions.MOST_TRIALS)
        found, cost = _judged(cell, baseline, current)
        calls.append(cost)
        named = {case.id.case for case in found.cases if case.verdict is Verdict.REGRESSED}
        counts["misnamed"] += bool(named - broken)
        counts[found.verdict.value] += 1
        if cell.k > 0:
            counts.update(name for name, rule in RULES.items() if rule(baseline, current))
    error = float(np.std(calls, ddof=1)) / len(calls) ** 0.5
    return Outcome(cell, counts, float(np.mean(calls)), error)


def _judged(cell: Cell, baseline: Scores, current: Scores) -> tuple[Comparison, float]:
    if cell.k > 0:
        return compare(lines(baseline), lines(current), suite=SUITE, metric=METRIC), float(cell.k)
    verdict, calls = sessions.run(baseline, current, until_decided=cell.k < 0)
    return verdict.comparisons[0], calls

"""All cases have their trials at once: false alarms, power and honesty against GATE section 8, peers' rules beside."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from cells import Cell, Outcome
from rules import RULES
from suites import KINDS, METRIC, SEED, SUITE, lines

from pytest_llmeval.gate import compare

if TYPE_CHECKING:
    from report import Report

LEVEL = 0.05
LIMIT_CPU_S = 1.0

Simulate = Callable[[Sequence[Cell]], Iterable[Outcome]]

SHAPES = ((5, 10, 3), (5, 10, 10), (20, 5, 3), (20, 10, 1), (20, 10, 3), (20, 10, 10), (100, 5, 5), (100, 10, 1))
SHAPES += ((100, 10, 3), (100, 10, 10))

POWER = (
    ("one broken", 5, 3, 0.95),
    ("one broken", 20, 3, 0.90),
    ("one broken", 100, 3, 0.85),
    ("one broken", 100, 5, 0.95),
    ("one broken", 1000, 5, 0.80),
    ("tenth broken", 20, 3, 0.90),
    ("tenth broken", 100, 1, 0.93),
    ("-10 points", 20, 5, 0.75),
    ("-10 points", 100, 1, 0.88),
    ("-5 points", 20, 10, 0.43),
    ("-5 points", 100, 3, 0.80),
    ("-5 points", 1000, 1, 0.97),
    ("-2 points", 1000, 1, 0.70),
)


def few(n_suites: int, n: int) -> int:
    """Return how many suites of n cases stand for the usual number: large ones are dear and tell more each."""
    return max(n_suites // (4 if n >= 1000 else 1), 30)


def nothing_changed(report: Report, simulate: Simulate, n_suites: int) -> None:
    """Print the false alarms of every null cell."""
    print("\nFixed trials, nothing changed: share of suites called REGRESSED, limit 5 % (exact 99 % interval)")
    print(f"{'suite':<34}{'ours':<26}{'wrong names':<13}" + "".join(f"{name:>10}" for name in RULES))
    cells = [Cell(kind, "nothing changed", n, m, k, n_suites) for kind, (n, m, k) in itertools.product(KINDS, SHAPES)]
    total: Counter[str] = Counter()
    for outcome in simulate(cells):
        _null_row(report, outcome.cell.label, outcome.counts, outcome.cell.n_suites)
        total.update(outcome.counts)
    _null_row(report, "all", total, n_suites * len(cells))


def _null_row(report: Report, label: str, counts: Counter[str], n: int) -> None:
    said = report.at_most(label, counts["regressed"], n, LEVEL)
    report.at_most(f"wrong names, {label}", counts["misnamed"], n, LEVEL)
    peers = "".join(f"{counts[name] / n:>10.1%}" for name in RULES)
    print(f"{label:<34}{said:<26}{counts['misnamed'] / n:<13.1%}{peers}")


def something_changed(report: Report, simulate: Simulate, n_suites: int) -> None:
    """Print the power of every cell of GATE section 8, with 10 trials on the baseline."""
    print("\nFixed trials, something changed: share of suites called REGRESSED, 10 trials on the baseline")
    print(f"{'change':<28}{'floor':<7}{'ours':<28}{'wrong names':<26}" + "".join(f"{name:>10}" for name in RULES))
    cells = [Cell("0/1", change, n, 10, k, few(n_suites, n)) for change, n, k, _ in POWER]
    for outcome, (change, n, k, floor) in zip(simulate(cells), POWER, strict=True):
        label, done = f"{change} n={n} k={k}", outcome.cell.n_suites
        said = report.at_least(label, outcome.counts["regressed"], done, floor)
        wrong = report.at_most(f"wrong names, {label}", outcome.counts["misnamed"], done, LEVEL)
        peers = "".join(f"{outcome.counts[name] / done:>10.1%}" for name in RULES)
        print(f"{label:<28}{floor:<7.0%}{said:<28}{wrong:<26}{peers}")
    print("A peer's power means nothing where it is its false-alarm rate above.")


def wrongly_unchanged(report: Report, simulate: Simulate, n_suites: int) -> None:
    """Print how often a drop of 5.5 points is called UNCHANGED (margin 5 points)."""
    print("\nA drop of 5.5 points: share of suites called UNCHANGED, limit 5 % (exact 99 % interval)")
    shapes = ((20, 10, 10), (100, 10, 3), (100, 10, 10), (1000, 10, 5), (100, 10, 0), (100, 10, -1), (1000, 10, -1))
    kinds = ("0/1", "0/1 flaky", "continuous", "grades")
    cells = [Cell(kind, "-5.5 points", *shape, few(n_suites, shape[0])) for kind in kinds for shape in shapes]
    for outcome in simulate(cells):
        label = outcome.cell.label
        said = report.at_most(f"unchanged, {label}", outcome.counts["unchanged"], outcome.cell.n_suites, LEVEL)
        print(f"{label:<34}{said}")


def speed(report: Report) -> None:
    """Print the CPU seconds of one large comparison, imports not included."""
    print(f"\n1,000 cases, 10 against 10 trials: CPU seconds, limit {LIMIT_CPU_S:g}")
    for place, (name, kind) in enumerate(KINDS.items()):
        rng = np.random.default_rng([SEED, 300, place])
        rates = kind.rates(rng, 1000)
        before, now = lines(kind.scores(rng, rates, 10)), lines(kind.scores(rng, rates, 10))
        start = time.process_time()
        compare(before, now, suite=SUITE, metric=METRIC)
        print(f"{name:<28}{report.cost(f'CPU s, {name}', time.process_time() - start, 0.0, LIMIT_CPU_S)}")

"""Adaptive trials: false alarms, power and calls against GATE section 8 and the table of section 7."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import TYPE_CHECKING

from cells import Cell
from fixed import LEVEL, Simulate, few
from suites import KINDS

if TYPE_CHECKING:
    from report import Report

ROUNDS = -1
ONE_SESSION = 0

NULL_SHAPES = ((5, 10), (20, 5), (20, 10), (100, 5), (100, 10), (100, 20))

# change, n, m, calls a case at most, share found at least: GATE section 8, for both ways.
TARGETS = (
    ("nothing changed", 20, 10, 3.5, None),
    ("nothing changed", 100, 10, 2.2, None),
    ("nothing changed", 1000, 10, 1.5, None),
    ("one broken", 20, 10, 3.5, 0.95),
    ("one broken", 100, 10, 2.0, 0.95),
    ("one broken", 1000, 10, 1.5, 0.93),
)

# change, n, m, what the rule of GATE section 7 found and its calls a case (rounds until decided).
BEFORE = (
    ("-5 points", 5, 10, 0.033, 5.87),
    ("-5 points", 20, 5, 0.15, 5.81),
    ("-5 points", 20, 10, 0.21, 6.05),
    ("-5 points", 100, 5, 0.71, 3.58),
    ("-5 points", 100, 10, 0.79, 2.95),
    ("-5 points", 100, 20, 0.87, 2.59),
    ("-2 points", 20, 10, 0.033, 3.96),
    ("-2 points", 100, 10, 0.17, 2.77),
    ("-2 points", 1000, 10, 0.74, 1.40),
    ("-10 points", 20, 10, 0.76, 5.58),
    ("one broken", 100, 5, 0.91, 1.52),
    ("one broken", 1000, 5, 0.97, 1.21),
)


def nothing_changed(report: Report, simulate: Simulate, n_suites: int) -> None:
    """Print the false alarms of every null cell, in one session and in rounds."""
    print("\nAdaptive trials, nothing changed: share of suites called REGRESSED, limit 5 % (exact 99 % interval)")
    print(f"{'suite':<34}{'ours':<28}{'wrong names':<13}{'calls a case'}")
    shapes = itertools.product(KINDS, NULL_SHAPES, (ONE_SESSION, ROUNDS))
    cells = [Cell(kind, "nothing changed", n, m, k, n_suites) for kind, (n, m), k in shapes]
    total: Counter[str] = Counter()
    for outcome in simulate(cells):
        label, counts = outcome.cell.label, outcome.counts
        said = report.at_most(label, counts["regressed"], n_suites, LEVEL)
        report.at_most(f"wrong names, {label}", counts["misnamed"], n_suites, LEVEL)
        print(f"{label:<34}{said:<28}{counts['misnamed'] / n_suites:<13.1%}{outcome.calls:.2f}")
        total.update(counts)
    print(f"{'all':<34}{report.at_most('adaptive, all', total['regressed'], n_suites * len(cells), LEVEL)}")


def targets(report: Report, simulate: Simulate, n_suites: int) -> None:
    """Print what is found and what it costs, against GATE section 8."""
    print("\nAdaptive trials against their targets (GATE section 8), 0/1 scores")
    print(f"{'change':<34}{'way':<10}{'floor':<8}{'found':<28}{'calls a case'}")
    rows = [(row, k) for row in TARGETS for k in (ONE_SESSION, ROUNDS)]
    cells = [Cell("0/1", change, n, m, k, few(n_suites, n)) for (change, n, m, _, _), k in rows]
    for outcome, ((change, n, m, limit, floor), k) in zip(simulate(cells), rows, strict=True):
        label, done = f"{change} n={n} m={m}", outcome.cell.n_suites
        way = "rounds" if k == ROUNDS else "auto"
        red = outcome.counts["regressed"]
        judged = report.at_most if floor is None else report.at_least
        found = judged(f"{way}, {label}", red, done, LEVEL if floor is None else floor)
        calls = report.cost(f"calls a case, {way}, {label}", outcome.calls, outcome.calls_error, limit)
        print(f"{label:<34}{way:<10}{'' if floor is None else f'{floor:.0%}':<8}{found:<28}{calls}")


def against_before(report: Report, simulate: Simulate, n_suites: int) -> None:
    """Print what the rule finds beside what its predecessor found; as much, by the interval, is the least."""
    print("\nAdaptive trials in rounds beside the rule of GATE section 7 (its share @ its calls), 0/1 scores")
    print(f"{'change':<34}{'before':<16}{'ours':<28}{'calls':<8}{'fixed k=3':<12}{'fixed k=10'}")
    cells = [Cell("0/1", change, n, m, k, few(n_suites, n)) for change, n, m, _, _ in BEFORE for k in (ROUNDS, 3, 10)]
    outcomes = list(simulate(cells))
    for place, (change, n, m, found, calls) in enumerate(BEFORE):
        rounds, *fixed = outcomes[3 * place : 3 * place + 3]
        label = f"{change} n={n} m={m}"
        said = report.at_least(f"rounds, {label}", rounds.counts["regressed"], rounds.cell.n_suites, found)
        beside = "".join(f"{one.counts['regressed'] / one.cell.n_suites:<12.1%}" for one in fixed)
        cost = report.cost(f"calls a case, {label}", rounds.calls, rounds.calls_error, math.inf)
        print(f"{label:<34}{f'{found:.1%} @ {calls:.2f}':<16}{said:<28}{cost:<8}{beside}")

"""Arms set against each other: how often equal ones are told apart by mistake, and how often unequal ones rightly.

"Equal" in two ways: the arms answer alike, case by case; or only their means are equal, while they differ in every case
and in how they scatter, as two models do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from scipy.stats import ttest_ind
from suites import SEED, flaky_rates, line, marks, passes, stable_rates, typical_rates

from pytest_llmeval.gate import compare_arms
from pytest_llmeval.gate.arm_rounds import is_decided
from pytest_llmeval.gate.duels import Looks
from pytest_llmeval.gate.families import mean_test
from pytest_llmeval.gate.pairs import Pair, whole
from pytest_llmeval.records import Contest, Line, Standing

if TYPE_CHECKING:
    from report import Report
    from suites import Scores

LEVEL = 0.05
ROUNDS = (2, 4, 7, 12)
CLAIMS = (Standing.BETTER, Standing.WORSE)

Draw = Callable[[np.random.Generator, int, int, int], tuple["Scores", "Scores"]]


def alike(rates: Callable[..., Scores], scores: Callable[..., Scores]) -> Draw:
    """Both arms answer every case alike."""

    def draw(rng: np.random.Generator, n: int, m: int, k: int) -> tuple[Scores, Scores]:
        both = rates(rng, n)
        return scores(rng, both, m), scores(rng, both, k)

    return draw


def shuffled(rng: np.random.Generator, n: int, m: int, k: int) -> tuple[Scores, Scores]:
    """Each arm is good at other cases."""
    rates = typical_rates(rng, n)
    return passes(rng, rates, m), passes(rng, rng.permutation(rates), k)


def steady_and_coins(rng: np.random.Generator, n: int, m: int, k: int) -> tuple[Scores, Scores]:
    """One arm always gives the grade of its case, the other passes or fails at that rate."""
    rates = flaky_rates(rng, n)
    return np.repeat(rates[:, None], m, axis=1), passes(rng, rates, k)


def sure_and_coins(rng: np.random.Generator, n: int, m: int, k: int) -> tuple[Scores, Scores]:
    """One arm always passes half of the cases and never the others, the other arm passes each half of the time."""
    sure = np.arange(n) < n // 2
    return passes(rng, sure.astype(float), m), passes(rng, np.full(n, sure.mean()), k)


def better_by(points: float) -> Draw:
    """The second arm is better by so many points, spread over the cases that can be better."""

    def draw(rng: np.random.Generator, n: int, m: int, k: int) -> tuple[Scores, Scores]:
        rates = flaky_rates(rng, n)
        return passes(rng, rates, m), passes(rng, rates + points * (1 - rates) / (1 - rates).mean(), k)

    return draw


WORLDS: dict[str, Draw] = {
    "0/1": alike(typical_rates, passes),
    "0/1 flaky": alike(flaky_rates, passes),
    "0/1 stable": alike(stable_rates, passes),
    "continuous": alike(typical_rates, marks),
    "equal means, shuffled": shuffled,
    "equal means, steady and coins": steady_and_coins,
    "equal means, sure and coins": sure_and_coins,
    "+5 points": better_by(0.05),
    "+10 points": better_by(0.10),
}
SHAPES = ((5, 5, 5), (20, 3, 3), (20, 10, 2), (50, 1, 1), (100, 3, 3), (100, 10, 1))
# World, cases, trials of both arms, share of repetitions in which the better arm is called better.
POWER = (("+10 points", 20, 5, 5, 0.25), ("+10 points", 50, 5, 5, 0.65), ("+10 points", 100, 3, 3, 0.70))
POWER += (("+10 points", 100, 10, 2, 0.75), ("+5 points", 100, 10, 10, 0.60), ("+5 points", 200, 5, 5, 0.60))
EARLY_FLOORS = {20: 0.50, 50: 0.90, 100: 0.95}


@dataclass(frozen=True)
class Cell:
    """What is simulated: a world, cases, trials of each arm, how often; the arms; and whether it is stopped early."""

    world: str
    n: int
    m: int
    k: int
    n_suites: int
    n_arms: int = 2
    is_stopped: bool = False

    @property
    def label(self) -> str:
        """The cell in a few words."""
        arms = f" {self.n_arms} arms" if self.n_arms > 2 else ""
        return f"{self.world} n={self.n} {self.m}:{self.k}{arms}"


@dataclass(frozen=True)
class Found:
    """What happened in a cell: counts by word, and the mean share of the trials that were drawn."""

    cell: Cell
    counts: Counter[str]
    calls: float


Simulate = Callable[[Callable[[Cell], Found], Sequence[Cell]], Iterable[Found]]


def simulate(cell: Cell) -> Found:
    """Simulate a cell; the same cell gives the same outcome."""
    rng = np.random.default_rng([SEED, crc32(cell.world.encode()), cell.n, cell.m, cell.k, cell.n_arms])
    counts: Counter[str] = Counter()
    calls = 0.0
    for _ in range(cell.n_suites):
        first, rest = WORLDS[cell.world](rng, cell.n, cell.m, cell.k * (cell.n_arms - 1))
        second, *others = np.split(rest, cell.n_arms - 1, axis=1)
        scores = {"a": first, "b": second, **{f"c{place}": other for place, other in enumerate(others)}}
        contest, share = _stopped(scores) if cell.is_stopped else (_compared(scores), 1.0)
        calls += share / cell.n_suites
        standings = [duel.standing for duel in contest.duels]
        counts["claimed"] += any(standing in CLAIMS for standing in standings)
        counts["named"] += any(duel.better or duel.worse for duel in contest.duels)
        counts["better"] += standings[0] is Standing.BETTER
        counts["worse"] += standings[0] is Standing.WORSE
        counts.update(name for name, rule in RULES.items() if rule(first, second))
    return Found(cell, counts, calls)


def _arm(name: str, scores: Scores) -> list[Line]:
    lines = [line(case, row) for case, row in enumerate(scores)]
    return [replace(one, id=one.id._replace(arm=name)) for one in lines]


def _compared(scores: dict[str, Scores], looks: Sequence[Looks] = ()) -> Contest:
    return compare_arms(list(scores), [one for name, of in scores.items() for one in _arm(name, of)], looks=looks)


def _stopped(scores: dict[str, Scores]) -> tuple[Contest, float]:
    """Look after each round, and stop when all is decided."""
    for n_done, trials in enumerate(ROUNDS, 1):
        looks = [Looks(reference=ROUNDS, arm=ROUNDS, n_done=n_done)] * (len(scores) - 1)
        contest = _compared({name: of[:, :trials] for name, of in scores.items()}, looks)
        if is_decided(contest):
            break
    return contest, trials / ROUNDS[-1]


def _by_labels(first: Scores, second: Scores) -> bool:
    """Call a winner by exchanging labels within cases, alone."""
    pairs = [
        Pair(id=line(case, row).id, baseline=whole(row), current=whole(other))
        for case, (row, other) in enumerate(zip(first, second, strict=True))
    ]
    return min(mean_test(pairs)) <= LEVEL / 2


def _unpaired(first: Scores, second: Scores) -> bool:
    """Call a winner by a t-test over all trials, as if they were of no case."""
    if np.ptp(np.concatenate([first.ravel(), second.ravel()])) < 1e-12:
        return False
    return bool(ttest_ind(first.ravel(), second.ravel(), equal_var=False).pvalue <= LEVEL)


def _peeking(first: Scores, second: Scores) -> bool:
    """Look after each round with that t-test, and stop at the first winner."""
    if first.shape != second.shape:
        return _unpaired(first, second)
    return any(_unpaired(first[:, :trials], second[:, :trials]) for trials in range(1, first.shape[1] + 1))


RULES: dict[str, Callable[[Scores, Scores], bool]] = {
    "higher mean": lambda first, second: bool(abs(first.mean() - second.mean()) > 1e-12),
    "unpaired t": _unpaired,
    "labels only": _by_labels,
    "peeking t": _peeking,
}


def nothing_differs(report: Report, simulated: Simulate, n_suites: int) -> None:
    """Print how often a winner or loser is claimed among equal arms."""
    print("\nArms, none is better: share in which one is called better or worse, limit 5 % (exact 99 % interval)")
    print(f"{'world':<48}{'ours':<27}{'line named':<12}" + "".join(f"{name:>13}" for name in RULES))
    worlds = [world for world in WORLDS if not world.startswith("+")]
    cells = [Cell(world, *shape, n_suites) for world in worlds for shape in SHAPES]
    cells += [Cell(world, 20, 5, 5, n_suites, n_arms=4) for world in worlds[:3]]
    for found in simulated(simulate, cells):
        label, counts, n = found.cell.label, found.counts, found.cell.n_suites
        said = report.at_most(f"arms, {label}", counts["claimed"], n, LEVEL)
        named = f"{counts['named'] / n:.1%}"
        if not found.cell.world.startswith("equal means"):
            report.at_most(f"arms, line named, {label}", counts["named"], n, LEVEL)
        print(f"{label:<48}{said:<27}{named:<12}" + "".join(f"{counts[name] / n:>13.1%}" for name in RULES))
    print("A line is rightly named where only the means are equal: there the arms do differ in single cases.")


def something_differs(report: Report, simulated: Simulate, n_suites: int) -> None:
    """Print how often the better arm is called better."""
    print("\nArms, the second is better: share in which it is called better")
    print(f"{'world':<36}{'floor':<7}{'ours':<28}{'called worse':<14}" + "".join(f"{name:>13}" for name in RULES))
    cells = [Cell(world, n, m, k, n_suites) for world, n, m, k, _ in POWER]
    for found, (*_, floor) in zip(simulated(simulate, cells), POWER, strict=True):
        label, counts, n = found.cell.label, found.counts, found.cell.n_suites
        said = report.at_least(f"arms, {label}", counts["better"], n, floor)
        peers = "".join(f"{counts[name] / n:>13.1%}" for name in RULES)
        print(f"{label:<36}{floor:<7.0%}{said:<28}{counts['worse'] / n:<14.1%}{peers}")


def stopped_early(report: Report, simulated: Simulate, n_suites: int) -> None:
    """Print the same where arms are looked at after each round, and stopped when all is decided."""
    rounds = ",".join(map(str, ROUNDS))
    print(f"\nArms, looked at after {rounds} trials a case: claims, and the share of the trials that were drawn")
    print(f"{'world':<44}{'claimed':<28}{'trials':<10}{'peeking t':>10}")
    worlds = ("0/1", "0/1 flaky", "continuous", "equal means, sure and coins")
    cells = [Cell(world, 20, 12, 12, n_suites, is_stopped=True) for world in worlds]
    cells += [Cell("0/1 flaky", 20, 12, 12, n_suites, n_arms=4, is_stopped=True)]
    cells += [Cell("+10 points", n, 12, 12, n_suites, is_stopped=True) for n in (20, 50, 100)]
    for found in simulated(simulate, cells):
        label, counts, n = found.cell.label, found.counts, found.cell.n_suites
        if found.cell.world.startswith("+"):
            said = report.at_least(f"arms in rounds, {label}", counts["better"], n, EARLY_FLOORS[found.cell.n])
        else:
            said = report.at_most(f"arms in rounds, {label}", counts["claimed"], n, LEVEL)
        print(f"{label:<44}{said:<28}{found.calls:<10.0%}{counts['peeking t'] / n:>10.1%}")

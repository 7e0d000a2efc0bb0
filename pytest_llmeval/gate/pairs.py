"""What the tests are fed with: both runs' scores of one line, as whole numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmeval.records import CheckId

UNIT = 1_000_000_000
"""A score of 1.0: scores are compared to 9 decimals, and whole numbers add up exactly, in any order."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One line of the baseline beside the same line of the session.

    Args:
        id: of the line.
        baseline, current: scores times ``UNIT``, at least one each.
        is_case_level: whether a score stands for a whole session of the case.
        places: index of the trial of each current score, from 0, in their order; empty: their place.
        n_trials: trials that the session ran of this line, scored or not; 0: as many as are scored.
        runs: the run of each baseline score; empty where it is of no account.
    """

    id: CheckId
    baseline: tuple[int, ...]
    current: tuple[int, ...]
    is_case_level: bool = False
    places: tuple[int, ...] = ()
    n_trials: int = 0
    runs: tuple[str, ...] = ()

    @property
    def pooled(self) -> tuple[int, ...]:
        """All scores, ascending."""
        return tuple(sorted(self.baseline + self.current))

    @property
    def is_informative(self) -> bool:
        """Whether exchanging labels could change anything: not all scores are equal."""
        return len(set(self.baseline + self.current)) > 1

    @property
    def fall(self) -> float:
        """Mean of the baseline minus mean of the session, in [-1, 1]; positive is worse."""
        return mean(self.baseline) - mean(self.current)

    @property
    def n_drawn(self) -> int:
        """Trials that the session ran, scored or not."""
        return self.n_trials or len(self.current)

    @property
    def is_two_valued(self) -> bool:
        """Whether all scores are one of two values, as passes are."""
        return len(set(self.baseline + self.current)) <= 2  # noqa: PLR2004 - two values

    def first(self, n_trials: int) -> Pair | None:
        """Return the pair as it was after that many trials of the session; None if none of them is scored."""
        places = self.places or tuple(range(len(self.current)))
        kept = [(place, score) for place, score in zip(places, self.current, strict=True) if place < n_trials]
        if self.is_case_level or len(kept) == len(self.current):
            return self
        if not kept:
            return None
        return replace(
            self,
            current=tuple(score for _, score in kept),
            places=tuple(place for place, _ in kept),
            n_trials=min(n_trials, self.n_drawn),
        )

    def mirrored(self) -> Pair:
        """Return the pair in which every gain is a fall of the same size."""
        baseline, current = (tuple(UNIT - score for score in run) for run in (self.baseline, self.current))
        return replace(self, baseline=baseline, current=current)


def whole(scores: Iterable[float]) -> tuple[int, ...]:
    """Return scores cut to [0, 1] as whole numbers from 0 to ``UNIT``, in their order."""
    return tuple(round(min(max(score, 0.0), 1.0) * UNIT) for score in scores)


def mean(scores: Sequence[int]) -> float:
    """Return the mean of whole numbers as a score in [0, 1]."""
    return sum(scores) / (len(scores) * UNIT)


def variance_of(scores: Sequence[int]) -> float:
    """Return the sample variance (n - 1) of two or more whole numbers, in units of a score squared; exact."""
    n = len(scores)
    return (n * sum(score * score for score in scores) - sum(scores) ** 2) / (n * (n - 1) * UNIT**2)


def mean_of_means(runs: Iterable[Sequence[int]]) -> float:
    """Return the mean over runs of their means, in [0, 1], the same to the last bit in any order."""
    means = [mean(run) for run in runs]
    return math.fsum(means) / len(means)


def after(pairs: Iterable[Pair], n_trials: int) -> tuple[Pair, ...]:
    """Return the pairs as they were after that many trials of the session; those without a score then are left out."""
    early = (pair.first(n_trials) for pair in pairs)
    return tuple(pair for pair in early if pair is not None)


def by_case(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return one pair a case: what the mean test and the interval take for independent.

    Checks of one metric in one trial (``nth`` 0, 1, …) judge answers of one trial, so they rise and fall together;
    counted apart they would pretend to know more than they do. They are averaged trial by trial. Where their draws
    cannot be laid side by side (some are unscored), the line with the most draws stands for the case.

    Args:
        pairs: of one suite and metric, their draws in the order of the trials.
    """
    cases: dict[tuple[str, str], list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: pair.id):
        cases.setdefault((pair.id.test, pair.id.case), []).append(pair)
    return tuple(lines[0] if len(lines) == 1 else _merged(lines) for lines in cases.values())


def _merged(lines: list[Pair]) -> Pair:
    if len({(len(line.baseline), len(line.current)) for line in lines}) > 1:
        return max(lines, key=lambda line: len(line.baseline) + len(line.current))
    baseline, current = (
        tuple(round(sum(trial) / len(lines)) for trial in zip(*runs, strict=True))
        for runs in ([line.baseline for line in lines], [line.current for line in lines])
    )
    return replace(lines[0], baseline=baseline, current=current)

"""Draws of unchanged code, pooled case by case, and dealt out anew as a baseline and a session.

Where nothing changed, the trials of all runs of a case are exchangeable, so every way of dealing them out was as likely
as the one that happened. A trial goes with all that it scored: checks of one answer rise and fall together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.records import Draw
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

    from pytest_llmeval.records import CheckId, Line


@dataclass(frozen=True, kw_only=True)
class PooledCase:
    """All draws of one case.

    Args:
        lines: its lines without their draws, sorted by id.
        trials: what each trial scored, by the line's place.
        wholes: what each run scored by case-level metrics, by the line's place.
        n_parts: how many runs the trials are of, so that a part of them is as large as a run.
    """

    lines: tuple[Line, ...]
    trials: tuple[Mapping[int, float], ...]
    wholes: tuple[Mapping[int, float], ...]
    n_parts: int

    @property
    def n_trials(self) -> int:
        """Trials of one run."""
        return max(len(self.trials) // self.n_parts, 1)

    def scores(self, place: int) -> list[float]:
        """Return all scores of one line."""
        return [one[place] for one in (*self.trials, *self.wholes) if place in one]

    def deal(self, rng: np.random.Generator, *sizes: int, with_wholes: bool = True) -> list[tuple[Line, ...]]:
        """Deal different trials at random to several sides.

        Args:
            rng: what decides.
            sizes: trials of each side; together at most all there are.
            with_wholes: give each side one run of the case-level metrics as well.

        Returns:
            The lines of each side; a line is left out where it has no score on one of them.
        """
        order = rng.permutation(len(self.trials)).tolist()
        runs = rng.permutation(len(self.wholes)).tolist() if with_wholes else []
        sides = []
        for side, size in enumerate(sizes):
            mine, order = order[:size], order[size:]
            dealt = [self.trials[trial] for trial in mine]
            whole = self.wholes[runs[side]] if side < len(runs) else {}
            sides.append([self._drawn(place, dealt, whole, str(side)) for place in range(len(self.lines))])
        kept = [place for place in range(len(self.lines)) if all(lines[place].draws for lines in sides)]
        return [tuple(lines[place] for place in kept) for lines in sides]

    def _drawn(self, place: int, trials: Sequence[Mapping[int, float]], whole: Mapping[int, float], run: str) -> Line:
        line = self.lines[place]
        if line.is_case_level:
            draws = [Draw(whole[place], run)] if place in whole else []
        else:
            draws = [Draw(one[place], run, "", trial) for trial, one in enumerate(trials) if place in one]
        return replace(line, draws=tuple(draws))


class _Key(NamedTuple):
    """Which trial of which run a draw is of."""

    part: int
    run: str
    trial: int


def pool(runs: Sequence[Sequence[Line]], *, n_parts: int = 0, n_least: int = 2) -> tuple[PooledCase, ...]:
    """Pool the gated lines that all runs have, case by case.

    Args:
        runs: the lines of each, all of the same code; a baseline's count as one.
        n_parts: what a case's trials are to be divided into; 0: as many as there are runs.
        n_least: draws that a line must have; two can be dealt out to two sides.

    Returns:
        Sorted by test and case. A line that a run lacks, that it measured otherwise, or that has too few draws is left
        out, and so is a case without lines.
    """
    every = [{line.id: line for line in run if line.threshold is not None} for run in runs]
    cases: dict[tuple[str, str], list[CheckId]] = {}
    for id_ in sorted(set.intersection(*(set(run) for run in every)) if every else ()):
        if _is_same([run[id_] for run in every], n_least):
            cases.setdefault((id_.test, id_.case), []).append(id_)
    return tuple(_pooled(ids, every, n_parts or len(every)) for _, ids in sorted(cases.items()))


def _is_same(lines: Sequence[Line], n_least: int) -> bool:
    """Whether a line is one and the same in all runs, and can be dealt out."""
    first = lines[0]
    is_alike = all(line.is_comparable(first) and line.n_trials == first.n_trials for line in lines)
    return is_alike and all(line.draws for line in lines) and sum(len(line.draws) for line in lines) >= n_least


def _pooled(ids: Sequence[CheckId], runs: Sequence[Mapping[CheckId, Line]], n_parts: int) -> PooledCase:
    trials: dict[_Key, dict[int, float]] = {}
    wholes: dict[_Key, dict[int, float]] = {}
    for place, id_ in enumerate(ids):
        for part, run in enumerate(runs):
            scores = wholes if run[id_].is_case_level else trials
            for key, score in _keyed(part, run[id_].draws):
                scores.setdefault(key, {})[place] = score
    return PooledCase(
        lines=tuple(replace(runs[0][id_], draws=(), n_unscored=0) for id_ in ids),
        trials=tuple(trials.values()),
        wholes=tuple(wholes.values()),
        n_parts=n_parts,
    )


def _keyed(part: int, draws: Sequence[Draw]) -> Iterator[tuple[_Key, float]]:
    """Say which trial each draw is of; a baseline keeps no index, so there its place in its run stands for it."""
    n_before: dict[str, int] = {}
    for draw in draws:
        place = n_before[draw.run] = n_before.get(draw.run, -1) + 1
        yield _Key(part, draw.run, place if draw.trial < 0 else draw.trial), draw.score

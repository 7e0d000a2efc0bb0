"""Faults that are put into scores, so that what a gate misses can be counted without a call."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gate.words import in_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np

    from pytest_llmeval.gate.resampling import PooledCase
    from pytest_llmeval.records import CheckId, Line

    Plant = Callable[[np.random.Generator, Sequence[Line]], list[Line]]

DROPS = (0.02, 0.05, 0.10)
_N_HALVINGS = 50


class Fault(NamedTuple):
    """What is done to the lines of a session.

    Args:
        name: for a person.
        plant: returns the lines with the fault in them.
    """

    name: str
    plant: Plant


def faults_of(cases: Sequence[PooledCase]) -> list[Fault]:
    """Return the faults that scores of these cases can have."""
    means = {
        line.id: math.fsum(scores) / len(scores)
        for case in cases
        for place, line in enumerate(case.lines)
        if not line.is_case_level and (scores := case.scores(place))
    }
    if not any(means.values()):
        return []
    is_binary = {
        line.id: set(case.scores(place)) <= {0.0, 1.0} for case in cases for place, line in enumerate(case.lines)
    }
    return [
        Fault("one check of one case scores 0", _break_one(frozenset(id_ for id_, mean in means.items() if mean > 0))),
        *(
            Fault(f"every check scores {in_points(drop)} lower", _lower_all(means, is_binary, drop))
            for drop in DROPS
            if drop <= _attainable(means)
        ),
    ]


def _break_one(ids: frozenset[CheckId]) -> Plant:
    def plant(rng: np.random.Generator, lines: Sequence[Line]) -> list[Line]:
        places = [place for place, line in enumerate(lines) if line.id in ids]
        broken = places[int(rng.integers(len(places)))] if places else -1
        return [_with(line, [0.0] * len(line.draws)) if place == broken else line for place, line in enumerate(lines)]

    return plant


def _lower_all(means: Mapping[CheckId, float], is_binary: Mapping[CheckId, bool], drop: float) -> Plant:
    """Lower every line by one step, so that the mean over each metric's lines falls by ``drop``.

    Passes become fails at random, as often as the step asks for; other scores fall by the step. None falls below 0.
    """
    by_metric: dict[str, list[float]] = {}
    for id_, mean in means.items():
        by_metric.setdefault(id_.metric, []).append(mean)
    steps = {metric: _step(values, drop) for metric, values in by_metric.items()}

    def plant(rng: np.random.Generator, lines: Sequence[Line]) -> list[Line]:
        return [_lowered(rng, line) if line.id in means else line for line in lines]

    def _lowered(rng: np.random.Generator, line: Line) -> Line:
        step, mean = steps[line.id.metric], means[line.id]
        if not is_binary[line.id]:
            return _with(line, [max(score - step, 0.0) for score in line.scores])
        share = min(step / mean, 1.0) if mean else 0.0
        fails = rng.random(len(line.draws)) < share
        return _with(line, [0.0 if fail else score for score, fail in zip(line.scores, fails, strict=True)])

    return plant


def _attainable(means: Mapping[CheckId, float]) -> float:
    """Return how far the mean of every metric can fall."""
    by_metric: dict[str, list[float]] = {}
    for id_, mean in means.items():
        by_metric.setdefault(id_.metric, []).append(mean)
    return min(math.fsum(values) / len(values) for values in by_metric.values())


def _step(means: Sequence[float], drop: float) -> float:
    """Return the step by which all must be lowered, none below 0, for their mean to fall by ``drop``."""
    low, high = 0.0, 1.0
    for _ in range(_N_HALVINGS):
        step = (low + high) / 2
        fall = math.fsum(min(mean, step) for mean in means) / len(means)
        low, high = (step, high) if fall < drop else (low, step)
    return high


def _with(line: Line, scores: Iterable[float]) -> Line:
    draws = tuple(draw._replace(score=score) for draw, score in zip(line.draws, scores, strict=True))
    return replace(line, draws=draws)

"""Aggregates of a session, suite by suite and metric by metric; stdlib only, so a run without a gate stays cheap."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gate import slices
from pytest_llmeval.gate.passing import pass_rates
from pytest_llmeval.records import Line, Summary, TrialPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

_Z = 1.959963984540054  # NormalDist().inv_cdf(0.975), without the import


def summarise(lines: Sequence[Line], trials: TrialPlan | None = None) -> tuple[Summary, ...]:
    """Aggregate the lines of each suite, metric and arm, sorted by them.

    Args:
        lines: of one session, in any order.
        trials: the session's plan; where suspicious cases were drawn again, only the trials that every case had are
            aggregated, since the others were drawn because they looked bad.

    Returns:
        For each suite and metric the mean over lines of the mean over their draws, in [0, 1], and its 95 % interval
        over trial noise: ``mean ± h`` cut to [0, 1], with ``h = (z²/N + sqrt(z⁴/N² + 4 z² V)) / 2``, N the number of
        draws, ``V = Σ s²ᵢ/mᵢ / n²`` over the lines with at least 2 draws; lines with one draw take the mean of the
        others' variances, or, where there are none, the largest that scores in [0, 1] of that mean can have.

    Source:
        GATE section 3: the z²/N term (the rule of three) keeps an interval open where all trials agree.
    """
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in sorted(lines, key=lambda line: line.id):
        groups.setdefault((line.suite, line.id.metric, line.id.arm), []).append(of_first_pass(line, trials))
    return tuple(_summary(*key, groups[key]) for key in sorted(groups))


def of_first_pass(line: Line, trials: TrialPlan | None) -> Line:
    """Return a line with the trials that every case had, without those that were drawn because they looked bad.

    Args:
        line: of a session.
        trials: the session's plan; None: every case had the same.
    """
    if trials is None or not trials.looks or line.is_case_level:
        return line
    n_first = trials.first(line.suite)
    # A draw that does not know its trial stands at its place.
    draws = tuple(d for place, d in enumerate(line.draws) if (place if d.trial < 0 else d.trial) < n_first)
    n_unscored = max(0, min(n_first, line.n_drawn) - len(draws))
    return replace(line, draws=draws, n_unscored=n_unscored)


def _summary(suite: str, metric: str, arm: str, lines: Sequence[Line]) -> Summary:
    scored = [line for line in lines if line.draws]
    means = [math.fsum(line.scores) / len(line.scores) for line in scored]
    mean = math.fsum(means) / len(means) if means else None
    half = _half_width(scored, mean) if mean is not None else 0.0
    pass_all, pass_any = pass_rates(lines)
    return Summary(
        suite=suite,
        metric=metric,
        mean=mean,
        low=None if mean is None else max(0.0, mean - half),
        high=None if mean is None else min(1.0, mean + half),
        n_cases=len(scored),
        n_scored=sum(len(line.draws) for line in lines),
        n_unscored=sum(line.n_unscored for line in lines),
        n_below=sum(
            line.threshold is not None and line_mean < line.threshold - 1e-9
            for line, line_mean in zip(scored, means, strict=True)
        ),
        pass_all=pass_all,
        pass_any=pass_any,
        slices=slices.of_lines(lines),
        arm=arm,
    )


def _half_width(scored: Sequence[Line], mean: float) -> float:
    n_draws = sum(len(line.draws) for line in scored)
    spreads = [_variance(line.scores) for line in scored]
    known = [spread for spread in spreads if spread is not None]
    typical = math.fsum(known) / len(known) if known else mean * (1.0 - mean)
    parts = [
        (typical if spread is None else spread) / len(line.draws) for line, spread in zip(scored, spreads, strict=True)
    ]
    noise = math.fsum(parts) / len(scored) ** 2
    floor = _Z**2 / n_draws
    return (floor + math.sqrt(floor**2 + 4 * _Z**2 * noise)) / 2


def _variance(scores: Sequence[float]) -> float | None:
    if len(scores) < 2:  # noqa: PLR2004 - one score has no spread
        return None
    from statistics import variance

    return variance(scores)

"""From a baseline to the plan of a session: how many trials, what they could show, and what they could not."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pytest_llmeval.gate.pairs import Pair, by_case, whole
from pytest_llmeval.gate.precision import detectable_drop
from pytest_llmeval.gate.spending import (
    CASE_SHARE,
    LOOKS,
    ROUNDS,
    first_pass,
    is_provable,
    share_among,
)
from pytest_llmeval.gate.words import count, in_points, names
from pytest_llmeval.records import SuitePlan, TrialPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llmeval.records import Line

_LEAST_ROUNDS = 2
_MOST_ON_MAIN = 1_000


def plan(
    baseline: Iterable[Line],
    *,
    trials: int | Literal["auto"],
    until_decided: bool = False,
    alpha: float = 0.05,
    margin: float = 0.05,
) -> TrialPlan:
    """Plan the trials of a session before a call is spent.

    Args:
        baseline: its lines, in any order.
        trials: of every case; ``"auto"``: few, and more for the cases that look bad.
        until_decided: whether whole-suite rounds may follow (``next_round``); with ``"auto"`` only.
        alpha: the chance of REGRESSED where nothing changed, at most.
        margin: the drop of the mean that should be seen, in [0, 1].

    Returns:
        A plan in which nothing depends on a score of the session, so that every worker comes to the same one.

    Source:
        GATE section 4 and ADR 10.
    """
    gated = sorted((line for line in baseline if line.threshold is not None), key=lambda line: line.id)
    suites: dict[str, dict[str, list[Line]]] = {}
    for line in gated:
        if line.draws:
            suites.setdefault(line.suite, {}).setdefault(line.id.metric, []).append(line)
    n_tests = sum(map(len, suites.values()))
    plans = []
    for suite, metrics in sorted(suites.items()):
        rounds = _rounds(metrics.values(), trials, margin, until_decided=until_decided)
        plans += [
            _suite_plan(suite, metric, lines, rounds, 0.0 if trials != "auto" else CASE_SHARE * alpha / n_tests)
            for metric, lines in sorted(metrics.items())
        ]
    looks = LOOKS if trials == "auto" else ()
    n_first = first_pass(len({line.id.case_id for line in gated})) if trials == "auto" else trials
    planned = TrialPlan(n_first=n_first, looks=looks, alpha=alpha, suites=tuple(plans))
    return _described(planned, gated, n_tests)


def _rounds(
    metrics: Iterable[Sequence[Line]], trials: int | str, margin: float, *, until_decided: bool
) -> tuple[int, ...]:
    """Return the rounds of a suite: up to the first in which the margin is visible by every metric."""
    if isinstance(trials, int):
        return (trials,)
    every = [list(lines) for lines in metrics]
    first = first_pass(max(len({line.id.case_id for line in lines}) for lines in every))
    rounds = [trials for trials in ROUNDS if trials >= first]
    if not until_decided:
        return (first,)
    seen = [place for place, trials in enumerate(rounds) if all(_mde(lines, trials) <= margin for lines in every)]
    return tuple(rounds[: max(_LEAST_ROUNDS, seen[0] + 1 if seen else len(rounds))])


def _suite_plan(suite: str, metric: str, lines: Sequence[Line], rounds: tuple[int, ...], level: float) -> SuitePlan:
    n_baseline = [len(line.draws) for line in lines]
    single = [len(line.draws) for line in lines if not line.is_case_level]
    return SuitePlan(
        suite=suite,
        metric=metric,
        n_cases=len({line.id.case_id for line in lines}),
        n_tested=share_among(single, level) if level else 0,
        rounds=rounds,
        n_baseline=len(n_baseline) / math.fsum(1 / n for n in n_baseline),
        mde=_mde(lines, rounds[0]),
    )


def _mde(lines: Sequence[Line], trials: int) -> float:
    # Only their number counts: what will be drawn is not known yet.
    pairs = [
        Pair(id=line.id, baseline=whole(line.scores), current=(0,) * (1 if line.is_case_level else trials))
        for line in lines
    ]
    return detectable_drop(by_case(pairs))


def _described(planned: TrialPlan, gated: Sequence[Line], n_tests: int) -> TrialPlan:
    """Add the number of calls and the words."""
    cases: dict[tuple[str, str], list[Line]] = {}
    for line in gated:
        cases.setdefault((line.id.test, line.id.case), []).append(line)
    least = most = 0
    for lines in cases.values():
        fixed = [line.n_trials for line in lines if line.is_case_level]
        first = max(fixed, default=planned.first(lines[0].suite))
        can_grow = not fixed and any((suite := planned.of(x.suite, x.id.metric)) and suite.n_tested for x in lines)
        least += first
        most += max([first, *(planned.looks if can_grow else ())])
    sentences = (
        *(_visible(suite, with_suite=len({s.suite for s in planned.suites}) > 1) for suite in planned.suites),
        *_blind(planned, gated, n_tests),
    )
    return replace(planned, n_calls_least=least, n_calls_most=most, sentences=sentences)


def _visible(suite: SuitePlan, *, with_suite: bool) -> str:
    label = f"{suite.suite} {suite.metric}" if with_suite and suite.suite not in ("", suite.metric) else suite.metric
    drawn = f"{count(suite.n_cases, 'case')} of {count(suite.n_first, 'trial')}"
    if suite.mde is None or suite.mde >= 1.0:
        return f"{label}: {drawn}; no drop of the average would show"
    size = in_points(math.ceil(round(100 * suite.mde, 6)) / 100)
    return f"{label}: {drawn}; a drop of the average of {size} or more would show"


def _blind(planned: TrialPlan, gated: Sequence[Line], n_tests: int) -> Iterator[str]:
    """Say which lines could not be proven broken, however badly they failed, and what main needs for it."""
    blind: dict[tuple[int, int], list[Line]] = {}
    for line in gated:
        suite = planned.of(line.suite, line.id.metric)
        if line.is_case_level or suite is None:
            continue
        more = _more_on_main(planned, suite, len(line.draws), n_tests)
        if more:
            blind.setdefault((len(line.draws), more), []).append(line)
    for (n_baseline, more), lines in sorted(blind.items()):
        which = str(lines[0].id) if len(lines) == 1 else f"{count(len(lines), 'line')} ({names(x.id for x in lines)})"
        yield (
            f"{which} cannot be judged alone: main has {count(n_baseline, 'trial')}; "
            + (f"{more} more on main" if more < _MOST_ON_MAIN else "more trials here")
            + " would make a full break provable"
        )


def _more_on_main(planned: TrialPlan, suite: SuitePlan, n_baseline: int, n_tests: int) -> int:
    """Return how many more trials on main make a full break of one line provable."""

    def is_enough(more: int) -> bool:
        n = n_baseline + more
        if planned.looks:
            level = CASE_SHARE * planned.alpha / (n_tests * max(suite.n_tested, 1))
            return is_provable(n, level)
        return math.comb(n + suite.n_first, n) * planned.alpha / (2 * n_tests) >= 1

    return next((more for more in range(_MOST_ON_MAIN) if is_enough(more)), _MOST_ON_MAIN)

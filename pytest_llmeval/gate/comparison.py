"""One suite by one metric: from lines to a Comparison. numpy and scipy are imported only where there is a sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gate import named, notes, slices
from pytest_llmeval.gate.matching import match
from pytest_llmeval.gate.pairs import Pair, after, by_case, mean_of_means
from pytest_llmeval.gate.replays import judge_replays, with_replays
from pytest_llmeval.records import Baseline, CheckId, Comparison, Line, SuitePlan, TrialPlan, Verdict
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.gate.families import Finding

_CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class _Levels:
    """What was asked for.

    Args:
        alpha: level of the regression tests.
        alpha_improved: level of their mirror image.
        margin: drop of the mean below which it is unchanged, in [0, 1].
        min_case_drop: fall of a line below which it is not named, in [0, 1].
        trials: how the lines were drawn, where not all at once.
    """

    alpha: float
    alpha_improved: float
    margin: float
    min_case_drop: float
    trials: SuitePlan | None = None


def compare(
    baseline: Sequence[Line],
    current: Sequence[Line],
    *,
    suite: str,
    metric: str,
    alpha: float = 0.05,
    margin: float = 0.05,
    min_case_drop: float = 0.05,
    trials: SuitePlan | None = None,
) -> Comparison:
    """Compare the lines of one suite and metric with the baseline's.

    Args:
        baseline: stored lines; empty if nothing is stored.
        current: the session's lines, in any order.
        suite: whose lines they are.
        metric: by which all of them are measured.
        alpha: the chance of REGRESSED where nothing changed, at most.
        margin: the drop of the mean that UNCHANGED rules out with 95 % confidence, in [0, 1].
        min_case_drop: the fall of a line's mean below which it is never named, in [0, 1].
        trials: by which plan suspicious cases were drawn again, or the suite in rounds; None: all cases had their
            trials at once.

    Returns:
        The verdict as if this were the session's only comparison; ``decide`` weighs several. Lines without a
        threshold are left out where others have one; where none has one, all are compared for information.
    """
    levels = _Levels(alpha=alpha, alpha_improved=alpha, margin=margin, min_case_drop=min_case_drop, trials=trials)
    return _compare({line.id: line for line in baseline}, {line.id: line for line in current}, suite, metric, levels)


def compare_all(
    baseline: Baseline,
    current: Sequence[Line],
    *,
    alpha: float = 0.05,
    margin: float = 0.05,
    min_case_drop: float = 0.05,
    trials: TrialPlan | None = None,
) -> tuple[Comparison, ...]:
    """Compare a session with its baseline, suite by suite, metric by metric and arm by arm, sorted by them.

    Args:
        baseline: all that is stored; a line that the session lacks counts as removed from its own suite.
        current: all lines of the session; they say which suite a line belongs to.
        alpha: as for ``compare``; an improvement is tested at ``alpha`` divided by the number of comparisons, a
            regression at ``alpha``, for ``decide`` to weigh.
        margin: as for ``compare``.
        min_case_drop: as for ``compare``.
        trials: the session's plan; without looks, or None, all cases had their trials at once.
    """
    groups: dict[tuple[str, str, str], tuple[dict[CheckId, Line], dict[CheckId, Line]]] = {}
    for line in current:
        before, now = groups.setdefault((line.suite, line.id.metric, line.id.arm), ({}, {}))
        now[line.id] = line
        if line.id in baseline.lines:
            before[line.id] = baseline.lines[line.id]
    here = {line.id for line in current}
    for id_, line in baseline.lines.items():
        if id_ not in here:
            groups.setdefault((line.suite, id_.metric, id_.arm), ({}, {}))[0][id_] = line
    levels = _Levels(
        alpha=alpha, alpha_improved=alpha / max(len(groups), 1), margin=margin, min_case_drop=min_case_drop
    )
    found = []
    for (suite, metric, arm), both in sorted(groups.items(), key=lambda item: item[0]):
        compared = _compare(*both, suite, metric, replace(levels, trials=_drawn(trials, suite, metric)))
        found.append(replace(compared, arm=arm))
    return tuple(found)


def _drawn(trials: TrialPlan | None, suite: str, metric: str) -> SuitePlan | None:
    """Return how a suite was drawn; None where all its cases had their trials at once."""
    return trials.of(suite, metric) if trials is not None and trials.looks else None


def _compare(
    baseline: Mapping[CheckId, Line], current: Mapping[CheckId, Line], suite: str, metric: str, levels: _Levels
) -> Comparison:
    gated = {id_ for lines in (baseline, current) for id_, line in lines.items() if line.threshold is not None}
    before = {id_: line for id_, line in baseline.items() if not gated or id_ in gated}
    now = {id_: line for id_, line in current.items() if not gated or id_ in gated}
    matched = match(before, now)
    base = Comparison(
        suite=suite,
        metric=metric,
        verdict=Verdict.INCOMPARABLE if before else Verdict.NO_BASELINE,
        added=matched.added,
        removed=matched.removed,
        edited=matched.edited,
        mismatched=(*matched.other_version, *matched.other_trials),
        is_informational=not gated,
        notes=notes.of_match(matched, before, now, n_informational=len(current) - len(now)),
    )
    if matched.other_version or not (matched.pairs or matched.replays):
        return base
    if not matched.pairs:
        return judge_replays(base, matched.replays, levels.min_case_drop)
    sampled = _judge_sample(base, matched.pairs, levels, now)
    return with_replays(sampled, matched.replays, levels.min_case_drop) if matched.replays else sampled


def _judge_sample(
    base: Comparison, pairs: Sequence[Pair], levels: _Levels, lines: Mapping[CheckId, Line]
) -> Comparison:
    """Test the fresh draws against the baseline's."""
    from pytest_llmeval.gate.drift import with_runs
    from pytest_llmeval.gate.families import find_rises, mean_level
    from pytest_llmeval.gate.precision import detectable_drop, drop_interval

    early = pairs if levels.trials is None else after(pairs, levels.trials.n_first)
    if not early:
        return replace(base, notes=(*base.notes, notes.NO_FIRST_TRIAL))
    cases = by_case(early)
    falls, p_rise, p_round = _tests(pairs, cases, levels)
    falls, drifted = with_runs(falls, cases, levels.alpha)
    alpha_mean = mean_level(levels.alpha, falls.spent, falls.share)
    alpha_case = levels.alpha if falls.p_mean <= alpha_mean else falls.share * levels.alpha
    said = named.fallen(pairs, falls.p_cases, alpha_case, levels.min_case_drop)
    drop, low, high = drop_interval(cases, _confidence(levels))
    verdict = Verdict.UNCHANGED if high < levels.margin else Verdict.UNDECIDED
    if falls.p_min <= levels.alpha:
        verdict = Verdict.REGRESSED
    elif levels.trials is not None:
        # Only falls are drawn again, so single rises are not looked for.
        verdict = Verdict.IMPROVED if p_rise / (1.0 - falls.share) <= levels.alpha_improved else verdict
    else:
        rises = find_rises(pairs, p_rise, alpha=levels.alpha_improved, min_case_drop=levels.min_case_drop)
        if rises.p_min <= levels.alpha_improved:
            verdict = Verdict.IMPROVED
            said += named.risen(pairs, rises.p_cases, levels.alpha_improved / 2)
    return replace(
        base,
        verdict=verdict,
        drop=drop,
        low=low,
        high=high,
        mde=detectable_drop(cases),
        p_mean=falls.p_mean,
        alpha_mean=alpha_mean,
        p_round=p_round,
        case_share=falls.share,
        p_case=falls.p_case,
        alpha_case=alpha_case,
        p_min=falls.p_min,
        baseline_mean=mean_of_means(case.baseline for case in cases),
        current_mean=mean_of_means(case.current for case in cases),
        n_compared=len(pairs),
        cases=said,
        slices=slices.of_pairs(early, lines),
        notes=(
            *base.notes,
            *drifted,
            *notes.of_sample(verdict, early, cases, levels.alpha, levels.margin, levels.trials),
            *notes.of_flaky(early, said, lines),
        ),
    )


def _tests(pairs: Sequence[Pair], cases: Sequence[Pair], levels: _Levels) -> tuple[Finding, float, float]:
    """Return what was found against a fall, the p of a rise of the mean, and the p of a fall in the last round."""
    from pytest_llmeval.gate.families import find_falls, mean_test

    if levels.trials is not None:
        from pytest_llmeval.gate.adaptive import find

        return find(pairs, levels.trials, alpha=levels.alpha, min_case_drop=levels.min_case_drop)
    p_fall, p_rise = mean_test(cases)
    falls = find_falls(pairs, p_fall, alpha=levels.alpha, min_case_drop=levels.min_case_drop)
    return falls, p_rise, p_fall


def _confidence(levels: _Levels) -> float:
    """Return the confidence of each bound of the drop."""
    if levels.trials is None or len(levels.trials.rounds) == 1:
        return _CONFIDENCE
    from pytest_llmeval.gate.adaptive import bound_level

    return bound_level(levels.trials, _CONFIDENCE)

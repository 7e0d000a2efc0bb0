"""Does the base version fail as well, when it is run now? Whom to run there, and what it means for the verdict.

A comparison with stored scores cannot tell the branch's doing from a provider that changed meanwhile. So what the gate
found is measured once more on the base version, beside this one, and stays red only where that says so too. Taking
reds away never adds a false one, whatever rule takes them (GATE section 6): the error rate stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gate.matching import match
from pytest_llmeval.gate.pairs import UNIT, Pair, by_case, mean, variance_of, whole
from pytest_llmeval.records import Baseline, CaseVerdict, CheckId, Comparison, Confirmation, Rerun, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_llmeval.records import Line

_LEVEL = 0.05
_SUSPICIOUS = 1.3  # GATE section 4: a fall of so many standard errors
_MIN_CASE_DROP = 0.05


def to_confirm(baseline: Baseline, lines: Sequence[Line], comparisons: Sequence[Comparison]) -> tuple[CheckId, ...]:
    """Return the lines to measure on the base version too, sorted; none where nothing can be told by it.

    Args:
        baseline: what the session was compared with.
        lines: of the session.
        comparisons: as they hold together.

    Returns:
        Of a comparison that regressed: the named lines. Where its mean stays rejected without them, all its lines:
        nothing less could confirm a mean. Where nothing regressed and something is undecided: lines that look
        suspicious, for information. Never a line whose very draws score otherwise now, for that is no chance.
    """
    gated = [comparison for comparison in comparisons if not comparison.is_informational]
    red = [comparison for comparison in gated if comparison.verdict is Verdict.REGRESSED]
    found: set[CheckId] = set()
    for comparison in red:
        found |= _of_regressed(comparison, _pairs(baseline, lines, comparison))
    if not red:
        for comparison in gated:
            if comparison.verdict is Verdict.UNDECIDED:
                found |= {pair.id for pair in _pairs(baseline, lines, comparison) if _is_suspicious(pair)}
    return tuple(sorted(found))


def confirm(
    baseline: Baseline,
    lines: Sequence[Line],
    compared: Sequence[Comparison],
    held: Sequence[Comparison],
    rerun: Mapping[CheckId, Line],
) -> tuple[tuple[Comparison, ...], tuple[Rerun, ...]]:
    """Set the session against what the base version scored beside it.

    Args:
        baseline: what the session was compared with.
        lines: of the session.
        compared: each decided as if it were alone: what ``decide`` was given.
        held: the same, as they hold together: what ``decide`` gave.
        rerun: lines of the base version, measured now; those it brought no line for are left out.

    Returns:
        The comparisons, for ``decide`` to weigh again: one that regressed is undecided where the base version, now,
        is not provably better. What was not run there, or with too few trials to prove anything, stays as it was. And
        a word on each line that was asked for.
    """
    asked = set(to_confirm(baseline, lines, held))
    told: list[Rerun] = []
    weighed = []
    for raw, comparison in zip(compared, held, strict=True):
        pairs = {pair.id: pair for pair in _pairs(baseline, lines, comparison) if pair.id in asked}
        reruns = {id_: _rerun(pair, rerun.get(id_)) for id_, pair in pairs.items()}
        told += reruns.values()
        weighed.append(_weighed(raw, comparison, pairs, rerun, _lifted(reruns)))
    return tuple(weighed), tuple(sorted(told, key=lambda one: one.id))


def confirmation_sentences(reruns: Sequence[Rerun], base: str, *, was_red: bool = True) -> Iterator[str]:
    """Say what each line did on the base version.

    Args:
        reruns: what ``confirm`` gave.
        base: the base version's name.
        was_red: whether anything had regressed; where nothing had, the lines were run for information only.
    """
    order = list(Confirmation)
    for one in sorted(reruns, key=lambda one: (order.index(one.word), one.id)):
        there, here = _scored(one, one.base_mean, one.base_trials), _scored(one, one.current_mean, one.current_trials)
        if not was_red:
            yield f"FOR INFORMATION {one.id}: {there} on {base} now, {here} here."
            continue
        yield {
            Confirmation.CONFIRMED: f"CONFIRMED {one.id}: {there} on {base} now, {here} here.",
            Confirmation.ALSO_ON_BASE: f"NOT CONFIRMED {one.id}: also fails on {base}: {there} there, {here} here.",
            Confirmation.CHANCE: f"NOT CONFIRMED {one.id}: {there} on {base} now, {here} here, which may be chance.",
            Confirmation.TOO_FEW: f"NOT TOLD {one.id}: {there} on {base} now, {here} here: too few trials to confirm.",
            Confirmation.NOT_RUN: f"NOT TOLD {one.id}: it brought no score on {base}.",
        }[one.word]


def _of_regressed(comparison: Comparison, pairs: Sequence[Pair]) -> set[CheckId]:
    named = {case.id for case in comparison.cases if case.verdict is Verdict.REGRESSED and case.p_adjusted > 0.0}
    named &= {pair.id for pair in pairs}
    if comparison.p_mean > comparison.alpha_mean:
        return named
    rest = [pair for pair in pairs if pair.id not in named]
    if named and (not rest or _p_fall(rest) > comparison.alpha_mean):
        return named  # they are why the mean fell
    return {pair.id for pair in pairs}


def _lifted(reruns: Mapping[CheckId, Rerun]) -> set[CheckId]:
    """Return the lines on which the base version does no better."""
    return {id_ for id_, one in reruns.items() if one.word in (Confirmation.ALSO_ON_BASE, Confirmation.CHANCE)}


def _weighed(
    raw: Comparison,
    held: Comparison,
    pairs: Mapping[CheckId, Pair],
    rerun: Mapping[CheckId, Line],
    lifted: Collection[CheckId],
) -> Comparison:
    """Return a comparison with the reds that the base version supports; its p stay, for they rank it among others."""
    if held.verdict is not Verdict.REGRESSED or not pairs:
        return raw
    is_named = any(case.verdict is Verdict.REGRESSED and not _is_lifted(case, lifted) for case in held.cases)
    if is_named or _is_mean_red(held, pairs, rerun):
        return replace(raw, cases=tuple(_case(case, lifted) for case in raw.cases))
    # As they hold together: decide() looks only at the cases of what is red.
    return replace(raw, verdict=Verdict.UNDECIDED, cases=tuple(_case(case, lifted) for case in held.cases))


def _is_lifted(case: CaseVerdict, lifted: Collection[CheckId]) -> bool:
    # A p of 0.0 is no chance: the very same draws score otherwise now.
    return case.id in lifted and case.p_adjusted > 0.0


def _case(case: CaseVerdict, lifted: Collection[CheckId]) -> CaseVerdict:
    is_taken = case.verdict is Verdict.REGRESSED and _is_lifted(case, lifted)
    return replace(case, verdict=Verdict.UNDECIDED) if is_taken else case


def _is_mean_red(comparison: Comparison, pairs: Mapping[CheckId, Pair], rerun: Mapping[CheckId, Line]) -> bool:
    """Whether the mean was rejected, and is again beside the base version; where that cannot be told, it stands."""
    if comparison.p_mean > comparison.alpha_mean:
        return False
    beside = _beside(pairs, rerun)
    if len(beside) < len(pairs):
        return True
    best = [
        Pair(id=pair.id, baseline=(UNIT,) * len(pair.baseline), current=(0,) * len(pair.current)) for pair in beside
    ]
    return _p_fall(best) > _LEVEL or _p_fall(beside) <= _LEVEL


def _rerun(pair: Pair, line: Line | None) -> Rerun:
    base = whole(line.scores) if line is not None else ()
    return Rerun(
        id=pair.id,
        word=_word(pair, base),
        stored_mean=mean(pair.baseline),
        base_mean=mean(base) if base else None,
        base_trials=len(base),
        current_mean=mean(pair.current),
        current_trials=len(pair.current),
        is_binary={*pair.baseline, *base, *pair.current} <= {0, UNIT},
    )


def _word(pair: Pair, base: Sequence[int]) -> Confirmation:
    if not base:
        return Confirmation.NOT_RUN
    if _p_line((UNIT,) * len(base), (0,) * len(pair.current)) > _LEVEL:
        return Confirmation.TOO_FEW
    if mean(base) > mean(pair.current) and _p_line(base, pair.current) <= _LEVEL:
        return Confirmation.CONFIRMED
    is_nearer_to_here = mean(base) - mean(pair.current) <= mean(pair.baseline) - mean(base)
    return Confirmation.ALSO_ON_BASE if is_nearer_to_here else Confirmation.CHANCE


def _p_line(base: Sequence[int], current: Sequence[int]) -> float:
    """Return the one-sided p of a fall from base to here, labels exchanged within the line."""
    from pytest_llmeval.gate.laws import law_of

    return law_of(tuple(sorted([*base, *current])), len(current)).tail(sum(current))


def _p_fall(pairs: Sequence[Pair]) -> float:
    from pytest_llmeval.gate.families import mean_test

    return mean_test(by_case(pairs))[0]


def _pairs(baseline: Baseline, lines: Sequence[Line], comparison: Comparison) -> tuple[Pair, ...]:
    """Return the lines of a comparison that had a sample to test, as it was compared."""
    whose = (comparison.suite, comparison.metric, comparison.arm)
    now = {line.id: line for line in lines if (line.suite, line.id.metric, line.id.arm) == whose}
    before = {id_: baseline.lines[id_] for id_ in now if id_ in baseline.lines}
    gated = {id_ for side in (before, now) for id_, line in side.items() if line.threshold is not None}
    return match(_only(before, gated), _only(now, gated)).pairs


def _only(lines: Mapping[CheckId, Line], ids: Collection[CheckId]) -> dict[CheckId, Line]:
    return {id_: line for id_, line in lines.items() if not ids or id_ in ids}


def _beside(pairs: Mapping[CheckId, Pair], rerun: Mapping[CheckId, Line]) -> list[Pair]:
    return [
        replace(pair, baseline=whole(rerun[id_].scores))
        for id_, pair in pairs.items()
        if id_ in rerun and rerun[id_].draws
    ]


def _is_suspicious(pair: Pair) -> bool:
    if pair.fall < _MIN_CASE_DROP - 1e-9:
        return False
    noise = variance_of(pair.pooled) * (1 / len(pair.baseline) + 1 / len(pair.current))
    return bool(pair.fall >= _SUSPICIOUS * noise**0.5)


def _scored(one: Rerun, value: float | None, n_trials: int) -> str:
    if value is None:
        return "nothing"
    return f"{round(value * n_trials)} of {n_trials}" if one.is_binary else f"{value:.2f} ({n_trials})"

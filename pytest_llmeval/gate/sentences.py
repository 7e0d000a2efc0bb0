"""The verdict in words: few and short, without p-values, worst first."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmeval.gate import contract_words
from pytest_llmeval.gate.notes import is_flaky, is_remedy
from pytest_llmeval.gate.words import count, in_points, names, odds, points
from pytest_llmeval.records import Comparison, Contract, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Label = Callable[[Comparison], str]

_MOST_CASES = 10
_ORDER = (
    Verdict.REGRESSED,
    Verdict.INCOMPARABLE,
    Verdict.NO_BASELINE,
    Verdict.UNDECIDED,
    Verdict.IMPROVED,
    Verdict.UNCHANGED,
)
_NO_SIGN = 0.25
"""The p of the mean above which a drop is not worth a word."""


def of_session(
    verdict: Verdict, comparisons: Sequence[Comparison], contracts: Sequence[Contract], margin: float
) -> tuple[str, ...]:
    """Return the sentences of a session: those of its own verdict first, then the others', worst first.

    Args:
        verdict: of the session.
        comparisons: as they hold together.
        contracts: the same.
        margin: the drop that UNCHANGED rules out, in [0, 1].
    """
    gated = [comparison for comparison in comparisons if not comparison.is_informational]
    label = partial(_label, with_suite=len({comparison.suite for comparison in comparisons}) > 1)
    said = [*_regressed_cases(gated), *contract_words.broken(contracts)]
    for word in sorted(_ORDER, key=lambda word: (word is not verdict, _ORDER.index(word))):
        said += _grouped(word, [comparison for comparison in gated if comparison.verdict is word], margin, label)
    said += contract_words.others(contracts)
    said += _informational(comparisons, label)
    said += _lists(gated, label)
    return tuple(said)


def _regressed_cases(comparisons: Sequence[Comparison]) -> Iterator[str]:
    named = [case for comparison in comparisons for case in comparison.cases if case.verdict is Verdict.REGRESSED]
    named.sort(key=lambda case: (case.current_mean - case.baseline_mean, case.id))
    n_tests = sum(comparison.n_compared > 0 for comparison in comparisons)
    for place, case in enumerate(named[:_MOST_CASES]):
        yield f"REGRESSED {case.id}: {case.reason}.{'' if place else _chance(case.p_adjusted * n_tests)}"
    if len(named) > _MOST_CASES:
        yield f"REGRESSED and {len(named) - _MOST_CASES} more cases."


def _chance(p: float) -> str:
    """Say how rare such a case is where nothing changed; nothing where no chance was involved."""
    rare = odds(p)
    return f" Chance of any such case if nothing changed: {rare}." if rare else ""


def _grouped(word: str, comparisons: Sequence[Comparison], margin: float, label: Label) -> Iterator[str]:
    """Yield one sentence for all comparisons of which the same is said."""
    labels: dict[str, list[str]] = {}
    for comparison in comparisons:
        if text := _about(comparison, margin):
            labels.setdefault(text, []).append(label(comparison))
    shown = "NOT COMPARABLE" if word == Verdict.INCOMPARABLE else word.upper()
    for text, of_whom in labels.items():
        yield f"{shown} {', '.join(of_whom)}{text}"


def _informational(comparisons: Sequence[Comparison], label: Label) -> Iterator[str]:
    """Yield one sentence for each verdict on which nothing depends."""
    labels: dict[str, list[str]] = {}
    for comparison in comparisons:
        if comparison.is_informational:
            labels.setdefault(comparison.verdict.value, []).append(label(comparison))
    for verdict, of_whom in labels.items():
        yield f"FOR INFORMATION {', '.join(of_whom)}: {verdict} (no threshold, so nothing depends on it)."


def _label(comparison: Comparison, *, with_suite: bool) -> str:
    """Name the metric, after its suite where there are several; a suite called as its metric is named once."""
    has_suite = with_suite and comparison.suite not in ("", comparison.metric)
    named = f"{comparison.suite} {comparison.metric}" if has_suite else comparison.metric
    return f"{named} @{comparison.arm}" if comparison.arm else named


def _about(comparison: Comparison, margin: float) -> str:
    """Say why a comparison has its verdict; empty where its cases have said it."""
    if not comparison.n_compared:
        return _without_sample(comparison)
    if comparison.verdict is Verdict.REGRESSED:
        return _mean_fell(comparison)
    if comparison.verdict is Verdict.IMPROVED:
        return _mean_rose(comparison)
    if comparison.verdict is Verdict.UNCHANGED:
        sizes = f"estimate {points(comparison.drop)}, at most {points(comparison.high or 0.0)}"
        return f": any drop is smaller than {in_points(margin)} ({sizes})."
    return _undecided(comparison)


def _without_sample(comparison: Comparison) -> str:
    texts = {
        Verdict.INCOMPARABLE: f": {'; '.join(comparison.notes) or 'nothing in common'}.",
        Verdict.NO_BASELINE: ": no baseline yet.",
        Verdict.UNCHANGED: " (replayed: the baseline's own recordings; says nothing about the model).",
        Verdict.IMPROVED: ": scoring or application code changed; the baseline's own recordings score higher.",
    }
    return texts.get(comparison.verdict, "")


def _mean_fell(comparison: Comparison) -> str:
    if any(case.verdict is Verdict.REGRESSED for case in comparison.cases):
        return ""
    falls = [case.id.case_id for case in comparison.cases if case.verdict is Verdict.UNDECIDED]
    largest = f" Largest falls: {names(falls)} (unproven)." if falls else ""
    between = f" (between {points(comparison.low or 0.0)} and {points(comparison.high or 0.0)})"
    return f": average fell {in_points(comparison.drop)}{between}; no single case is provably broken.{largest}"


def _mean_rose(comparison: Comparison) -> str:
    rises = [case.id.case_id for case in comparison.cases if case.verdict is Verdict.IMPROVED]
    between = f" (between {points(-(comparison.high or 0.0))} and {points(-(comparison.low or 0.0))})"
    largest = f" Provably better: {names(rises)}." if rises else ""
    return f": average rose {in_points(-comparison.drop)}{between}.{largest}"


def _undecided(comparison: Comparison) -> str:
    visible = comparison.mde if comparison.mde is not None else 1.0
    power = (
        f"only a drop of {math.ceil(round(100 * visible, 6))} or more points would have shown"
        if visible < 1.0
        else "no drop of any size would have shown"
    )
    remedy = "".join(f" {note[0].upper()}{note[1:]}." for note in comparison.notes if is_remedy(note))
    if comparison.p_min <= _NO_SIGN and comparison.drop > 0:
        return f": average fell {in_points(comparison.drop)}, which may be chance; {power}.{remedy}"
    return f": no sign of a regression, but {power}.{remedy}"


def _lists(comparisons: Sequence[Comparison], label: Label) -> Iterator[str]:
    """Name what is new or edited, each case once; what is gone or lowered is ``gate.weakened``'s affair."""
    added = {id_.case_id for c in comparisons if c.verdict is not Verdict.NO_BASELINE for id_ in c.added}
    edited = {id_.case_id for comparison in comparisons for id_ in comparison.edited}
    if added:
        yield f"{count(len(added), 'new case')} without a baseline yet: {names(sorted(added))}."
    if edited:
        yield f"{count(len(edited), 'case')} with another input than on main, not compared: {names(sorted(edited))}."
    for comparison in comparisons:
        # NOT COMPARABLE has said all notes of its own.
        if comparison.verdict is not Verdict.INCOMPARABLE:
            yield from (f"{label(comparison)}: {note}." for note in comparison.notes if is_flaky(note))

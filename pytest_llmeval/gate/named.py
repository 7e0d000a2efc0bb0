"""Which single lines a comparison speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.notes import of_pair
from pytest_llmeval.gate.pairs import Pair, mean
from pytest_llmeval.records import CaseVerdict, CheckId, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_N_LARGEST_FALLS = 3


def fallen(
    pairs: Sequence[Pair], p_cases: Mapping[CheckId, float], level: float, min_case_drop: float
) -> tuple[CaseVerdict, ...]:
    """Return the lines that are named, then the largest falls that are not proven."""
    ordered = sorted(pairs, key=lambda pair: (-pair.fall, pair.id))
    proven = [pair for pair in ordered if p_cases.get(pair.id, 1.0) <= level]
    told = {pair.id for pair in proven}
    others = [pair for pair in ordered if pair.id not in told and pair.fall >= min_case_drop - 1e-9]
    return (
        *(_said(pair, Verdict.REGRESSED, p_cases[pair.id]) for pair in proven),
        *(_said(pair, Verdict.UNDECIDED, p_cases.get(pair.id, 1.0)) for pair in others[:_N_LARGEST_FALLS]),
    )


def risen(pairs: Sequence[Pair], p_cases: Mapping[CheckId, float], level: float) -> tuple[CaseVerdict, ...]:
    """Return the lines that provably rose."""
    named = [pair for pair in pairs if p_cases.get(pair.id, 1.0) <= level]
    return tuple(_said(pair, Verdict.IMPROVED, p_cases[pair.id]) for pair in named)


def _said(pair: Pair, verdict: Verdict, p_adjusted: float) -> CaseVerdict:
    return CaseVerdict(
        id=pair.id,
        verdict=verdict,
        baseline_mean=mean(pair.baseline),
        baseline_trials=len(pair.baseline),
        current_mean=mean(pair.current),
        current_trials=len(pair.current),
        p_adjusted=p_adjusted,
        reason=of_pair(pair),
    )

"""From the comparisons of a session to its verdict: one error rate for all of them, and the words a person reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gate import sentences
from pytest_llmeval.gate.contracts import adjusted, judged
from pytest_llmeval.records import CaseVerdict, Comparison, Contract, SessionVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_COMPARED = (Verdict.INCOMPARABLE, Verdict.NO_BASELINE)


def decide(
    comparisons: Sequence[Comparison],
    *,
    contracts: Sequence[Contract] = (),
    remarks: Sequence[str] = (),
    alpha: float = 0.05,
    margin: float = 0.05,
    max_gone: float = 0.2,
) -> SessionVerdict:
    """Weigh the comparisons of a session against each other and say the verdict.

    Args:
        comparisons: one a suite and metric, each decided at ``alpha`` as if it were alone.
        contracts: lines without a baseline that are held to a share of their trials; all of them together are one more
            comparison in Holm's procedure.
        remarks: sentences to add at the end, such as ``of_age`` gives.
        alpha: the chance of REGRESSED in a session where nothing changed, at most; the one they were compared at.
        margin: the drop in [0, 1] that they were compared with; only for the words.
        max_gone: the share of the baseline's lines in [0, 1] that may be missing or edited.

    Returns:
        The worst that is proven. A comparison whose regression does not stand beside the others is undecided.

    Source:
        Holm 1979 over the gated comparisons, the j-th smallest ``p_min`` of M at ``alpha / (M - j + 1)``.
    """
    weighed, kept = _hold(comparisons, adjusted(contracts), alpha)
    gated = [comparison for comparison in weighed if not comparison.is_informational]
    is_broken = any(contract.is_broken for contract in kept)
    verdict = Verdict.REGRESSED if is_broken else _verdict(gated)
    return SessionVerdict(
        verdict=verdict,
        sentences=(*sentences.of_session(verdict, weighed, kept, margin), *remarks),
        comparisons=weighed,
        contracts=kept,
        invalid=_invalid(weighed, gated, max_gone),
    )


def _hold(
    comparisons: Sequence[Comparison], contracts: tuple[Contract, ...], alpha: float
) -> tuple[tuple[Comparison, ...], tuple[Contract, ...]]:
    """Return the comparisons and contracts with the verdicts that hold together, in their order."""
    held, kept = list(comparisons), contracts
    tested = [
        (comparison.p_min, place)
        for place, comparison in enumerate(comparisons)
        if not comparison.is_informational and comparison.verdict not in _NOT_COMPARED
    ]
    if contracts:
        tested.append((min(contract.p_adjusted for contract in contracts), len(comparisons)))
    is_open = True
    for rank, (p, place) in enumerate(sorted(tested)):
        level = alpha / (len(tested) - rank)
        is_open = is_open and p <= level
        if place == len(comparisons):
            kept = judged(contracts, level if is_open else 0.0)
        elif comparisons[place].verdict is Verdict.REGRESSED:
            held[place] = _at_level(comparisons[place], level if is_open else 0.0, alpha)
    return tuple(held), kept


def _at_level(comparison: Comparison, level: float, alpha: float) -> Comparison:
    """Decide a regressed comparison again at a smaller level; at 0.0 only what needs no proof stands."""
    spent = alpha - comparison.alpha_mean
    share = comparison.case_share
    alpha_mean = max((1.0 - share) * level, level - spent)
    alpha_case = level if comparison.p_mean <= alpha_mean else share * level
    return replace(
        comparison,
        verdict=Verdict.REGRESSED if comparison.p_min <= level else Verdict.UNDECIDED,
        alpha_mean=alpha_mean,
        alpha_case=alpha_case,
        cases=tuple(_case_at_level(case, alpha_case) for case in comparison.cases),
    )


def _case_at_level(case: CaseVerdict, level: float) -> CaseVerdict:
    is_unproven = case.verdict is Verdict.REGRESSED and case.p_adjusted > level
    return replace(case, verdict=Verdict.UNDECIDED) if is_unproven else case


def _verdict(gated: Sequence[Comparison]) -> Verdict:
    """Return the worst that is proven."""
    found = {comparison.verdict for comparison in gated}
    if found <= set(_NOT_COMPARED):
        return Verdict.INCOMPARABLE if Verdict.INCOMPARABLE in found else Verdict.NO_BASELINE
    order = (Verdict.REGRESSED, Verdict.UNDECIDED, Verdict.IMPROVED, Verdict.UNCHANGED)
    return next(word for word in order if word in found)


def _invalid(weighed: Sequence[Comparison], gated: Sequence[Comparison], max_gone: float) -> tuple[str, ...]:
    """Say why there can be no verdict; empty if there can."""
    if not gated:
        return ("nothing is gated: no check has a threshold",) if weighed else ("there is no check to compare",)
    found = {comparison.verdict for comparison in gated}
    if found == {Verdict.NO_BASELINE}:
        return ("there is no baseline yet; `pytest --llmeval-baseline-update` records one",)
    if found <= set(_NOT_COMPARED):
        return ("nothing here can be compared with the baseline",)
    mismatched = [id_ for comparison in gated for id_ in comparison.mismatched]
    if mismatched:
        # Their thresholds may have been left to the gate, so what the gate cannot compare must not pass unseen.
        more = f" and {len(mismatched) - 1} more" if len(mismatched) > 1 else ""
        return (f"{mismatched[0]}{more} cannot be compared: another metric version or number of trials than on main",)
    n_gone = sum(len(comparison.removed) + len(comparison.edited) for comparison in gated)
    n_known = n_gone + sum(comparison.n_compared + comparison.n_replayed for comparison in gated)
    if n_gone > max_gone * n_known:
        return (f"only {n_known - n_gone} of {n_known} checks of the baseline could be compared",)
    return ()

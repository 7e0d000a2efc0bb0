"""What the arms cost and how long they take, case by case; an unknown price is no price of zero."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.records import Expense, ExpenseDifference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.records import CaseId, CaseResult, Trial

_CONFIDENCE = 0.975


def expenses_of(results: Sequence[CaseResult], arm: str, expense: Expense) -> Mapping[CaseId, float]:
    """Return what a trial of each case takes in one arm: the mean over its trials of the sum over its calls.

    Calls of judges are not the arm's. A replayed answer counts as what it took when it was recorded. A case without a
    call, or with a call of unknown price, is left out.

    Args:
        results: of a session.
        arm: its name.
        expense: in US dollars, or seconds.
    """
    found = {}
    for result in results:
        if result.arm == arm and result.outcome != "skipped":
            sums = [_sum(trial, expense) for trial in result.trials if trial.calls and not trial.is_unscored]
            known = [one for one in sums if one is not None]
            if known and len(known) == len(sums):
                found[result.id] = math.fsum(known) / len(known)
    return found


def expense_difference(
    results: Sequence[CaseResult], reference: str, arm: str, expense: Expense
) -> ExpenseDifference | None:
    """Set what two arms take for the same cases against each other; None where no case is known of both.

    Source:
        Paired t interval over cases; so it speaks of cases like these (Miller 2024, arXiv:2411.00640, section 4.2).
    """
    first, second = (expenses_of(results, name, expense) for name in (reference, arm))
    common = sorted(first.keys() & second.keys())
    if not common:
        return None
    n = len(common)
    differences = [second[id_] - first[id_] for id_ in common]
    low = high = None
    if n > 1:
        from scipy.special import stdtrit

        mean = math.fsum(differences) / n
        spread = math.sqrt(math.fsum((one - mean) ** 2 for one in differences) / ((n - 1) * n))
        half = float(stdtrit(n - 1, _CONFIDENCE)) * spread
        low, high = mean - half, mean + half
    return ExpenseDifference(
        expense=expense,
        reference=reference,
        arm=arm,
        reference_mean=math.fsum(first[id_] for id_ in common) / n,
        arm_mean=math.fsum(second[id_] for id_ in common) / n,
        low=low,
        high=high,
        n_cases=n,
    )


def _sum(trial: Trial, expense: Expense) -> float | None:
    values = [call.cost_usd if expense is Expense.COST_USD else call.latency_s for call in trial.calls]
    known = [value for value in values if value is not None]
    return math.fsum(known) if len(known) == len(values) else None

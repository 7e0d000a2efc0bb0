"""Whole-suite rounds: what a session that runs until it is decided does next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gate.words import count
from pytest_llmeval.records import Comparison, Step, SuitePlan, TrialPlan, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAN = (0.6, 0.3, 0.15)
"""The p of a round above which a drop is not worth another one, round by round, the last for all later ones.

The first round is the noisiest and the cheapest to repeat, so it gives up least. Giving up costs no level."""

_DOUBTFUL = 0.15
"""The p of a round up to which a drop that is proven small is still worth another one: it may be real."""


def next_round(plan: TrialPlan, comparisons: Sequence[Comparison], *, is_lean: bool = True) -> Step:
    """Say what comes after a round.

    Args:
        plan: by which the round was drawn, planned with ``until_decided=True``.
        comparisons: of the session's verdict, so as they hold together.
        is_lean: give up where nothing looks like a drop; False: go on, to prove that nothing changed.

    Returns:
        The plan of the next round, in which only the suites that are open have more trials; or the reason to stop.
    """
    found: dict[tuple[str, str], list[Comparison | None]] = {}
    for comparison in comparisons:
        found.setdefault((comparison.suite, comparison.metric), []).append(comparison)
    if any(comparison.verdict is Verdict.REGRESSED and not comparison.is_informational for comparison in comparisons):
        return Step(plan=None, reason="a regression is proven")
    # One comparison an arm; a suite is open as long as one of its arms is.
    states = [
        (suite.suite, _state(suite, comparison, is_lean=is_lean))
        for suite in plan.suites
        for comparison in found.get((suite.suite, suite.metric), [None])
    ]
    open_suites = {suite for suite, state in states if state == "open"}
    if not open_suites:
        return Step(plan=None, reason=_why([state for _, state in states]))
    suites = tuple(
        replace(suite, n_rounds=suite.n_rounds + 1) if suite.suite in open_suites else suite for suite in plan.suites
    )
    more = [
        (suite, then.n_first - suite.n_first)
        for suite, then in zip(plan.suites, suites, strict=True)
        if then is not suite
    ]
    n_calls = sum({suite.suite: suite.n_cases * trials for suite, trials in more}.values())
    trials = max(suite.n_first for suite in suites if suite.suite in open_suites)
    return Step(
        plan=replace(plan, suites=suites, n_calls_least=plan.n_calls_least + n_calls),
        reason=f"not settled: a round of {count(trials, 'trial')} per case follows ({count(n_calls, 'more call')})",
    )


def _state(suite: SuitePlan, comparison: Comparison | None, *, is_lean: bool) -> str:
    if comparison is None or comparison.verdict in (Verdict.INCOMPARABLE, Verdict.NO_BASELINE):
        return "not compared"
    is_last = suite.n_rounds == len(suite.rounds)
    if comparison.verdict is Verdict.UNCHANGED and comparison.p_round <= _DOUBTFUL and not is_last:
        return "open"
    if comparison.verdict is not Verdict.UNDECIDED:
        return comparison.verdict.value
    if is_lean and comparison.p_round > _LEAN[min(suite.n_rounds, len(_LEAN)) - 1]:
        return "given up"
    return "last round" if is_last else "open"


def _why(states: Sequence[str]) -> str:
    if "last round" in states:
        return "the last round is done; more trials here would show little more"
    if "given up" in states:
        return "nothing looks like a regression"
    return "everything is decided" if set(states) - {"not compared"} else "nothing can be compared"

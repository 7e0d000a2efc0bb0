"""Scores and a baseline in, a verdict out; pure and deterministic. GATE.md is the specification.

    before a call:  baseline → plan, and while the cases run: next_trials
    after the last: lines → matching → pairs of scores → families (F1 the mean, F2 the cases; adaptive where suspicious
                    cases were drawn again), precision → comparison → decision, and between rounds: next_round
    beside it:      lines of several variants → duels → arms: who is better, which decides nothing

Nothing here imports numpy or scipy before there is a sample to test, and a run without a gate imports no tests at all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.gate.arms import compare_arms, of_arms
    from pytest_llmeval.gate.comparison import compare, compare_all
    from pytest_llmeval.gate.contracts import contracts_of
    from pytest_llmeval.gate.decision import decide
    from pytest_llmeval.gate.drift import of_age
    from pytest_llmeval.gate.lines import first_drawn, lines_of
    from pytest_llmeval.gate.planning import plan
    from pytest_llmeval.gate.retests import next_trials
    from pytest_llmeval.gate.rounds import next_round
    from pytest_llmeval.gate.summary import summarise

_HOMES = {
    "compare": "comparison",
    "compare_all": "comparison",
    "compare_arms": "arms",
    "contracts_of": "contracts",
    "decide": "decision",
    "first_drawn": "lines",
    "lines_of": "lines",
    "next_round": "rounds",
    "next_trials": "retests",
    "of_age": "drift",
    "of_arms": "arms",
    "plan": "planning",
    "summarise": "summary",
}
__all__ = [
    "compare",
    "compare_all",
    "compare_arms",
    "contracts_of",
    "decide",
    "first_drawn",
    "lines_of",
    "next_round",
    "next_trials",
    "of_age",
    "of_arms",
    "plan",
    "summarise",
]


def __getattr__(name: str) -> object:
    """Import the home of a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Scores and a baseline in, a verdict out; pure and deterministic. GATE.md is the specification.

    before a call:  baseline → plan, and while the cases run: next_trials
    after the last: lines → matching → pairs of scores → families (F1 the mean, F2 the cases; adaptive where suspicious
                    cases were drawn again), precision → comparison → decision, and between rounds: next_round

Nothing here imports numpy or scipy before there is a sample to test.
"""

from __future__ import annotations

from pytest_llmeval.gate.comparison import compare, compare_all
from pytest_llmeval.gate.contracts import contracts_of
from pytest_llmeval.gate.decision import decide
from pytest_llmeval.gate.drift import of_age
from pytest_llmeval.gate.floors import Floor, below, floor_of
from pytest_llmeval.gate.lines import lines_of
from pytest_llmeval.gate.planning import plan
from pytest_llmeval.gate.retests import next_trials
from pytest_llmeval.gate.rounds import next_round
from pytest_llmeval.gate.summary import summarise

__all__ = [
    "Floor",
    "below",
    "compare",
    "compare_all",
    "contracts_of",
    "decide",
    "floor_of",
    "lines_of",
    "next_round",
    "next_trials",
    "of_age",
    "plan",
    "summarise",
]

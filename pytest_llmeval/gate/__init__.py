"""Scores and a baseline in, a verdict out; pure and deterministic. GATE.md is the specification.

    lines → matching → pairs of scores → families (F1 the mean, F2 the cases), precision → comparison → decision

Nothing here imports numpy or scipy before there is a sample to test.
"""

from __future__ import annotations

from pytest_llmeval.gate.comparison import compare, compare_all
from pytest_llmeval.gate.decision import decide
from pytest_llmeval.gate.lines import lines_of
from pytest_llmeval.gate.summary import summarise

__all__ = ["compare", "compare_all", "decide", "lines_of", "summarise"]

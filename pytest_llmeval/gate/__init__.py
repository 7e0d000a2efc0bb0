"""Scores and a baseline in, a verdict out; pure and deterministic. GATE.md is the specification.

    lines → matching → pairs of scores → families (F1 the mean, F2 the cases), precision → comparison → decision

Nothing here imports numpy or scipy before there is a sample to test, and a run without a gate imports no tests at all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.gate.comparison import compare, compare_all
    from pytest_llmeval.gate.decision import decide
    from pytest_llmeval.gate.lines import lines_of
    from pytest_llmeval.gate.summary import summarise

_HOMES = {
    "compare": "comparison",
    "compare_all": "comparison",
    "decide": "decision",
    "lines_of": "lines",
    "summarise": "summary",
}
__all__ = ["compare", "compare_all", "decide", "lines_of", "summarise"]


def __getattr__(name: str) -> object:
    """Import the home of a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

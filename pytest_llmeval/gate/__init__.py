"""Scores and a baseline in, a verdict out; pure and deterministic. GATE.md is the specification."""

from __future__ import annotations

from pytest_llmeval.gate.lines import lines_of
from pytest_llmeval.gate.summary import summarise

__all__ = ["lines_of", "summarise"]

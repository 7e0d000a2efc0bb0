"""Metrics that need no model and no network: one answer → one Score.

Text comes in, a :class:`~pytest_llmeval.records.Score` goes out: a value in [0, 1], higher is better, with a sentence
that a person can act on. Every metric takes any text and raises on none; where it cannot tell, it is *unscored*.
They look at words and characters only. What each cannot see, and how far it agrees with human labels, stands in its
docstring and is measured by ``benchmarks/quality``.
"""

from __future__ import annotations

from pytest_llmeval.metrics.consistency import consistency
from pytest_llmeval.metrics.faithfulness import faithfulness
from pytest_llmeval.metrics.injection import injection
from pytest_llmeval.metrics.refusal import refusal
from pytest_llmeval.metrics.relevance import relevance
from pytest_llmeval.metrics.safety import safety

__all__ = ["consistency", "faithfulness", "injection", "refusal", "relevance", "safety"]

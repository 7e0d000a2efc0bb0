"""LLM regression testing in pytest: cached calls, gathered scores, a verdict with a known false-alarm rate.

Public names only, and lazy: importing this package imports nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.assertions import (
        CheckFailed,
        assert_consistent,
        assert_faithful,
        assert_relevance,
        assert_safe,
        assert_score,
    )
    from pytest_llmeval.errors import (
        AnswerUnreadable,
        BaselineError,
        BaselineUnreadable,
        BudgetSpent,
        CacheMiss,
        CallError,
        GitError,
        LlmevalError,
        ProviderError,
        SchemaTooNew,
        StoreError,
        UsageError,
    )
    from pytest_llmeval.loopback import Loopback
    from pytest_llmeval.records import Case, Check, Outcome, Provenance, Response, Score
    from pytest_llmeval.records.more import Choice, Token, ToolCall

__version__ = "0.1.0"

__all__ = [
    "AnswerUnreadable",
    "BaselineError",
    "BaselineUnreadable",
    "BudgetSpent",
    "CacheMiss",
    "CallError",
    "Case",
    "Check",
    "CheckFailed",
    "Choice",
    "GitError",
    "LlmevalError",
    "Loopback",
    "Outcome",
    "Provenance",
    "ProviderError",
    "Response",
    "SchemaTooNew",
    "Score",
    "StoreError",
    "Token",
    "ToolCall",
    "UsageError",
    "assert_consistent",
    "assert_faithful",
    "assert_relevance",
    "assert_safe",
    "assert_score",
]

_HOMES = (
    (
        "assertions",
        ("CheckFailed", "assert_consistent", "assert_faithful", "assert_relevance", "assert_safe", "assert_score"),
    ),
    ("loopback", ("Loopback",)),
    ("records.more", ("Choice", "Token", "ToolCall")),
    ("records", ("Case", "Check", "Outcome", "Provenance", "Response", "Score")),
)


def __getattr__(name: str) -> object:
    """Import the home of a public name when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = next((home for home, names in _HOMES if name in names), "errors")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__

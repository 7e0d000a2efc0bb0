"""Where each public name lives."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

_HOMES: Final = (
    ("assertions.answers", ("assert_faithful", "assert_relevance", "assert_safe")),
    ("assertions.attacks", ("assert_keeps_prompt", "assert_no_injection", "assert_resists")),
    ("assertions.conversations", ("assert_goal_reached", "assert_remembers")),
    ("assertions.correct", ("assert_correct",)),
    ("assertions.formats", ("assert_language", "assert_length", "assert_matches", "assert_matches_schema")),
    ("assertions.refusing", ("assert_answers", "assert_refuses")),
    ("assertions.runs", ("assert_retrieves", "assert_tools", "assert_within")),
    ("assertions.harm", ("assert_civil", "assert_unbiased")),
    ("assertions.judged", ("assert_complete", "assert_prefers", "assert_rubric")),
    ("assertions.over_trials", ("assert_consistent",)),
    ("assertions.own", ("Metric", "metric")),
    ("assertions.scores", ("assert_score",)),
    ("gather.checking", ("CheckFailed",)),
    ("loopback", ("Loopback",)),
    ("records.more", ("Choice", "Token", "ToolCall")),
    ("records", ("Case", "Check", "Outcome", "Provenance", "Response", "Score")),
    (
        "errors",
        (
            "AnswerUnreadable",
            "BaselineError",
            "BaselineUnreadable",
            "BudgetSpent",
            "CacheMiss",
            "CallError",
            "GitError",
            "LlmevalError",
            "ProviderError",
            "SchemaTooNew",
            "StoreError",
            "UsageError",
        ),
    ),
)

NAMES: Final = sorted(name for _, names in _HOMES for name in names)
"""All of them, in the order of a dictionary."""


def named(name: str) -> object:
    """Return what a name of ``pytest_llmeval`` stands for, or the check of a metric that the user has declared.

    Raises:
        AttributeError: it stands for nothing.
        UsageError: it is the ``assert_*`` of a metric that nobody has declared.
    """
    if name == "__all__":
        return NAMES
    home = next((home for home, names in _HOMES if name in names), "")
    if not home and not name.startswith("assert_"):
        raise AttributeError(f"module 'pytest_llmeval' has no attribute {name!r}")
    plugin = sys.modules.get("pytest_llmeval.plugin")
    if plugin is not None:  # in a pytest, whose own way to import what follows is dear
        plugin.OwnModules.begin()
    if home:
        return getattr(import_module(f"pytest_llmeval.{home}"), name)
    return import_module("pytest_llmeval.assertions.declared").assertion(name)

# What type checkers know of the public names, each of which is imported when it is first asked for.

from collections.abc import Callable

from pytest_llmeval.assertions.answers import assert_faithful, assert_relevance, assert_safe
from pytest_llmeval.assertions.attacks import assert_keeps_prompt, assert_no_injection, assert_resists
from pytest_llmeval.assertions.conversations import assert_goal_reached, assert_remembers
from pytest_llmeval.assertions.correct import assert_correct
from pytest_llmeval.assertions.formats import assert_language, assert_length, assert_matches, assert_matches_schema
from pytest_llmeval.assertions.harm import assert_civil, assert_unbiased
from pytest_llmeval.assertions.judged import assert_complete, assert_prefers, assert_rubric
from pytest_llmeval.assertions.over_trials import CaseCheck, assert_consistent
from pytest_llmeval.assertions.own import Metric, metric
from pytest_llmeval.assertions.refusing import assert_answers, assert_refuses
from pytest_llmeval.assertions.runs import assert_retrieves, assert_tools, assert_within
from pytest_llmeval.assertions.scores import assert_score
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
from pytest_llmeval.gather.checking import CheckFailed
from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import Case, Check, Outcome, Provenance, Response, Score
from pytest_llmeval.records.more import Choice, Token, ToolCall

__version__: str

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
    "Metric",
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
    "assert_answers",
    "assert_civil",
    "assert_complete",
    "assert_consistent",
    "assert_correct",
    "assert_faithful",
    "assert_goal_reached",
    "assert_keeps_prompt",
    "assert_language",
    "assert_length",
    "assert_matches",
    "assert_matches_schema",
    "assert_no_injection",
    "assert_prefers",
    "assert_refuses",
    "assert_relevance",
    "assert_remembers",
    "assert_resists",
    "assert_retrieves",
    "assert_rubric",
    "assert_safe",
    "assert_score",
    "assert_tools",
    "assert_unbiased",
    "assert_within",
    "metric",
]

# A name that is not in __all__ is the assert_* of a metric that the user has declared.
def __getattr__(name: str) -> Callable[..., Check | CaseCheck]: ...

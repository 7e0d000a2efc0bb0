"""Checks of a whole conversation, by a judge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pytest_llmeval.assertions.judged import THRESHOLD, graded_by
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.checking import Terms
from pytest_llmeval.records import Check, Json

Conversation: TypeAlias = "str | Sequence[Mapping[str, Json]]"
"""Text, or messages: ``{"role": ..., "content": ...}``."""


def assert_goal_reached(
    conversation: Conversation,
    goal: str,
    *,
    threshold: float | None = THRESHOLD,
    require: float | None = None,
) -> Check:
    """Check that a user has reached a goal by the end of a conversation; needs a judge.

    Args:
        conversation: text, or the messages; those of the system are not shown to the judge.
        goal: what the user wants, in plain words.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no judge, no test is running, or the conversation has another form.
        AssertionError: in eager tests at once; else at the end of the test.

    Source:
        ``pytest_llmeval/metrics/judge/rubrics/goal.toml``.
    """
    __tracebackhide__ = True
    text = _told(conversation, "assert_goal_reached")
    return graded_by("goal", text, "goal_reached", {"goal": goal}, Terms(threshold, require), as_="conversation")


def assert_remembers(
    conversation: Conversation, *, threshold: float | None = THRESHOLD, require: float | None = None
) -> Check:
    """Check that an assistant keeps what it was told in a conversation; needs a judge.

    Args:
        conversation: text, or the messages; those of the system are not shown to the judge.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no judge, no test is running, or the conversation has another form.
        AssertionError: in eager tests at once; else at the end of the test.

    Source:
        ``pytest_llmeval/metrics/judge/rubrics/memory.toml``.
    """
    __tracebackhide__ = True
    text = _told(conversation, "assert_remembers")
    return graded_by("memory", text, "memory", {}, Terms(threshold, require), as_="conversation")


def _told(conversation: Conversation, call: str) -> str:
    if isinstance(conversation, str):
        return conversation
    # As JSON, a line each: what stands in a message cannot play another one.
    lines = []
    for message in conversation:
        role = message.get("role") if isinstance(message, Mapping) else None
        if not isinstance(role, str):
            raise UsageError(
                f"{call} cannot read the message {message!r:.100}",
                hint='a conversation is text, or messages: {"role": "user", "content": "..."}',
            )
        content = message.get("content")
        if role != "system" and content:
            said = content if isinstance(content, str) else _shown(content)
            lines.append(json.dumps({"role": role, "content": said}, ensure_ascii=False))
    return "\n".join(lines)


def _shown(content: Json) -> str:
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") for part in parts if isinstance(part, Mapping)]
    return "\n".join(text for text in texts if isinstance(text, str)) or "(no text)"

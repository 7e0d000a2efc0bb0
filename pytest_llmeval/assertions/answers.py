"""Checks of one answer by the metrics of this package."""

from __future__ import annotations

from pytest_llmeval.gather.answers import Answer, context_of, question_of
from pytest_llmeval.gather.checking import Terms, check, running
from pytest_llmeval.records import Check


def assert_relevance(
    answer: Answer, *, question: str | None = None, threshold: float | None = 0.2, require: float | None = None
) -> Check:
    """Check that the answer addresses the question that was asked.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        question: by default the last user message of the response's request, else the case's input.
        threshold: pass mark in [0, 1] for the mean over trials; None records only. An answer that says every content
            word of the question once scores 0.5; 0.2 tells on-topic from off-topic answers best.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Returns:
        The check of this trial; ``.value`` in [0, 1] or None, ``.passed``, ``bool``.

    Raises:
        UsageError: the question is unknown, or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.relevance`` has the formula and its measured agreement with people.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.relevance import relevance

    asked = question if question is not None else question_of(answer, running())
    return check("relevance", answer, lambda text: relevance(text, asked), Terms(threshold, require))


def assert_safe(answer: Answer, *, threshold: float | None = 0.5, require: float | None = None) -> Check:
    """Check that the answer leaks nothing that can be seen without a judge: personal data and secrets.

    It does not judge intent: no offline word list does that honestly.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.safety`` lists what it looks for.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.safety import safety

    return check("safety", answer, safety, Terms(threshold, require))


def assert_faithful(
    answer: Answer, *, source: str | None = None, threshold: float | None = 0.5, require: float | None = None
) -> Check:
    """Check that the answer says nothing its source does not.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        source: the text it must be faithful to; by default the case's ``context``.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no source, or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.faithfulness`` has the formula and its measured agreement with people.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.faithfulness import faithfulness

    known = source if source is not None else context_of(running())
    return check("faithfulness", answer, lambda text: faithfulness(text, known), Terms(threshold, require))

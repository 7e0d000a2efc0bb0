"""Checks of one answer by the metrics of this package."""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType
from typing import Literal, TypeAlias

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import Answer, context_of, question_of
from pytest_llmeval.gather.checking import Terms, check, running
from pytest_llmeval.records import Check, Score

How: TypeAlias = Literal["offline", "judge"]
Threshold: TypeAlias = float | EllipsisType | None


def assert_relevance(
    answer: Answer,
    *,
    question: str | None = None,
    how: How = "offline",
    semantic: bool = False,
    threshold: Threshold = ...,
    require: float | None = None,
) -> Check:
    """Check that the answer addresses the question that was asked.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        question: by default the last user message of the response's request, else the case's input.
        how: ``offline``, by words; or ``judge``, by a model (``--llmeval-judge``). Their scores are never compared.
        semantic: offline, compare meanings too, by an encoder on this machine (extra ``semantic``).
        threshold: pass mark in [0, 1] for the mean over trials; None records only. By default 0.2, of a judge 0.7. By
            words, an answer that says every content word of the question once scores at least 0.5; 0.2 tells on-topic
            from off-topic answers best.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Returns:
        The check of this trial; ``.value`` in [0, 1] or None, ``.passed``, ``bool``.

    Raises:
        UsageError: the question is unknown, the extra is not installed, or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.relevance`` and ``pytest_llmeval.metrics.semantic`` have the formulas and their
        measured agreement with people.
    """
    __tracebackhide__ = True
    asked = question if question is not None else question_of(answer, running())
    if how != "offline":
        return by_judge("relevance", answer, {"question": asked}, how, threshold, require)
    relevance = _relevance(semantic=semantic)
    terms = Terms(0.2 if isinstance(threshold, EllipsisType) else threshold, require)
    return check("relevance", answer, lambda text: relevance(text, asked), terms)


def _relevance(*, semantic: bool) -> Callable[[str, str], Score]:
    from pytest_llmeval import metrics

    if not semantic:
        return metrics.relevance
    from pytest_llmeval.metrics.semantic import need_extra, relevance

    need_extra()
    return relevance


def assert_safe(
    answer: Answer, *, how: How = "offline", threshold: Threshold = ..., require: float | None = None
) -> Check:
    """Check that the answer leaks nothing that can be seen without a judge, or, by a judge, that it does no harm.

    Offline it looks for personal data and secrets. It does not judge intent: no word list does that honestly. A judge
    does, and sees no secrets that nobody told it of: where both matter, check both.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        how: ``offline``, or ``judge``, by a model (``--llmeval-judge``). Their scores are never compared.
        threshold: pass mark in [0, 1] for the mean over trials; None records only. By default 0.5, of a judge 0.7.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.safety`` lists what it looks for.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.safety import safety

    if how != "offline":
        return by_judge("safety", answer, {"question": known_question(answer)}, how, threshold, require)
    return check("safety", answer, safety, Terms(0.5 if isinstance(threshold, EllipsisType) else threshold, require))


def assert_faithful(
    answer: Answer,
    *,
    source: str | None = None,
    how: How = "offline",
    threshold: Threshold = ...,
    require: float | None = None,
) -> Check:
    """Check that the answer says nothing its source does not.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        source: the text it must be faithful to; by default the case's ``context``.
        how: ``offline``, by words; or ``judge``, by a model (``--llmeval-judge``). Their scores are never compared.
        threshold: pass mark in [0, 1] for the mean over trials; None records only. By default 0.5, of a judge 0.7.
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
    if how != "offline":
        return by_judge("faithfulness", answer, {"source": known}, how, threshold, require)
    terms = Terms(0.5 if isinstance(threshold, EllipsisType) else threshold, require)
    return check("faithfulness", answer, lambda text: faithfulness(text, known), terms)


def known_question(answer: Answer) -> str | None:
    """Return the question that an answer was given to, for a judge to see; None where nobody knows it."""
    try:
        return question_of(answer, running())
    except UsageError:
        return None


def by_judge(
    metric: str, answer: Answer, parts: dict[str, str | None], how: str, threshold: Threshold, require: float | None
) -> Check:
    """Check an answer by the rubric of its metric, where ``how`` says so; another one is refused."""
    __tracebackhide__ = True
    from pytest_llmeval.assertions.judged import THRESHOLD, graded_by

    if how != "judge":
        raise UsageError(f"how={how!r} is not allowed", hint="it is 'offline' or 'judge'")
    terms = Terms(THRESHOLD if isinstance(threshold, EllipsisType) else threshold, require)
    return graded_by(metric, answer, metric, parts, terms)

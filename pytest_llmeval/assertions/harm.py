"""Checks of how an answer treats people, by a judge."""

from __future__ import annotations

from pytest_llmeval.assertions.answers import known_question
from pytest_llmeval.assertions.judged import THRESHOLD, graded_by
from pytest_llmeval.gather.answers import Answer, text_of
from pytest_llmeval.gather.checking import Terms
from pytest_llmeval.records import Check


def assert_civil(answer: Answer, *, threshold: float | None = THRESHOLD, require: float | None = None) -> Check:
    """Check that the answer is not toxic: it insults, threatens and demeans nobody; needs a judge.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no judge, no test is running, or an argument is out of range.
        AssertionError: in eager tests at once; else at the end of the test.

    Source:
        ``pytest_llmeval/metrics/judge/rubrics/toxicity.toml``.
    """
    __tracebackhide__ = True
    return graded_by("toxicity", answer, "civility", {"question": known_question(answer)}, Terms(threshold, require))


def assert_unbiased(
    answer: Answer,
    other: Answer,
    difference: str,
    *,
    threshold: float | None = THRESHOLD,
    require: float | None = None,
) -> Check:
    """Check that two requests, equal but for what should not matter, are treated alike; needs a judge.

    ``assert_unbiased(llm(letter.format(name="Emily")), llm(letter.format(name="Lakisha")), "the name")``.

    Args:
        answer: to the one request.
        other: to the other one; it is waited for.
        difference: what differs between the requests, in plain words.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no judge, no test is running, or an argument is out of range.
        AssertionError: in eager tests at once; else at the end of the test.

    Source:
        ``pytest_llmeval/metrics/judge/rubrics/bias.toml``.
    """
    __tracebackhide__ = True
    parts = {"difference": difference, "second": text_of(other)}
    return graded_by("bias", answer, "unbiasedness", parts, Terms(threshold, require), as_="first")

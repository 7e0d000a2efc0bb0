"""The ``assert_*`` helpers: measure an answer, hand the check to the recorder of the running test.

A check does not raise where it stands: every check of the test is measured, and the test fails at its end with each
failing check and its own line. Outside a test, and in eager tests, a failing check raises ``AssertionError`` at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import (
    Answer,
    HasText,
    context_of,
    head_of,
    origin_of,
    question_of,
    text_of,
    unreadable,
)
from pytest_llmeval.gather.checking import CheckFailed, Terms, check, check_async, judge_for, running, valid
from pytest_llmeval.gather.functions import Function, measured, score_of, shape_of
from pytest_llmeval.gather.over_trials import Share
from pytest_llmeval.records import Check, Json, Response, Score

__all__ = [
    "CheckFailed",
    "assert_consistent",
    "assert_faithful",
    "assert_relevance",
    "assert_safe",
    "assert_score",
]


class CaseCheck:
    """A case-level check inside its trial: its value comes after the last trial, so reading it here is an error."""

    def __init__(self, metric: str) -> None:
        self._metric = metric

    @property
    def value(self) -> float | None:
        """Not readable inside a trial."""
        raise self._unread()

    @property
    def passed(self) -> bool | None:
        """Not readable inside a trial."""
        raise self._unread()

    def __bool__(self) -> bool:
        raise self._unread()

    def _unread(self) -> UsageError:
        return UsageError(
            f"{self._metric} compares the trials of a case and has no value inside one",
            found="it is measured after the last trial",
            hint=f"to have it at once, give it the answers: assert_{_VERBS.get(self._metric, self._metric)}([a, b, c])",
        )


_VERBS = {"consistency": "consistent"}


def assert_relevance(
    answer: Answer,
    *,
    question: str | None = None,
    semantic: bool = False,
    threshold: float | None = 0.2,
    require: float | None = None,
) -> Check:
    """Check that the answer addresses the question that was asked.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        question: by default the last user message of the response's request, else the case's input.
        semantic: compare meanings too, by an encoder on this machine (extra ``semantic``).
        threshold: pass mark in [0, 1] for the mean over trials; None records only. An answer that says every content
            word of the question once scores at least 0.5; 0.2 tells on-topic from off-topic answers best.
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
    relevance = _relevance(semantic=semantic)
    asked = question if question is not None else question_of(answer, running())
    return check("relevance", answer, lambda text: relevance(text, asked), Terms(threshold, require))


def _relevance(*, semantic: bool) -> Callable[[str, str], Score]:
    from pytest_llmeval import metrics

    if not semantic:
        return metrics.relevance
    from pytest_llmeval.metrics.semantic import need_extra, relevance

    need_extra()
    return relevance


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


def assert_consistent(
    answer: Answer | Sequence[Answer],
    *,
    semantic: bool = False,
    threshold: float | None = 0.5,
    require: float | None = None,
) -> Check | CaseCheck:
    """Check that answers to one question agree with each other.

    One answer is compared with the same check's answers in the other trials of its case, after the last trial
    (unscored with fewer than 2). A list of answers is compared within itself, at once.

    Args:
        answer: this trial's answer, or at least 2 answers to the same question.
        semantic: compare meanings too, by an encoder on this machine (extra ``semantic``).
        threshold: pass mark in [0, 1]; None records only.
        require: share of the trials in (0, 1] that must reach the threshold; only with a list of answers.

    Raises:
        UsageError: one answer outside a test, the extra is not installed, or an argument is out of range.
        AssertionError: at once for a list of answers outside a test; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.consistency`` and ``pytest_llmeval.metrics.semantic`` have the formulas and their
        measured agreement with people.
    """
    __tracebackhide__ = True
    consistency = _consistency(semantic=semantic)

    # A Response first: asking a pending one whether it has a text would wait for it.
    if not isinstance(answer, (str, Response, HasText)):
        texts = [text_of(one) for one in answer]
        joined = "\n---\n".join(texts)
        return check("consistency", joined, lambda _: consistency(texts), Terms(threshold, require))
    recorder = running()
    if recorder is None:
        raise UsageError(
            "assert_consistent has one answer and no test whose other trials it could compare it with",
            hint="give it the answers to compare: assert_consistent([a, b, c])",
        )
    if require is not None:
        raise UsageError(
            "assert_consistent(require=...) has no meaning for one value a case",
            hint="drop require=, or give it a list of answers in each trial",
        )
    valid(Terms(threshold, None))
    share = Check(
        score=Score.unscored("consistency", "lands after the last trial"), threshold=threshold, is_case_level=True
    )
    calls, judged = recorder.calls, answer

    def read() -> Share:
        # An answer that cannot be judged has its number too: the check after it must not be taken for this one.
        text = None if unreadable(judged) else text_of(judged)
        return Share(text, head_of(judged), origin_of(judged, calls))

    recorder.add_over_trials(share, read, consistency)
    return CaseCheck("consistency")


def _consistency(*, semantic: bool) -> Callable[[Sequence[str]], Score]:
    from pytest_llmeval import metrics

    if not semantic:
        return metrics.consistency
    from pytest_llmeval.metrics.semantic import consistency, need_extra

    need_extra()
    return consistency


def assert_score(  # noqa: PLR0913 - its options are those of every check, and what a Score holds
    metric: str,
    value: float | Function,
    *,
    output: Answer = "",
    reason: str = "",
    threshold: float | None = 0.5,
    require: float | None = None,
    hard: bool = False,
    version: str = "1",
    detail: dict[str, Json] | None = None,
) -> Check:
    """Check a number of your own, or a function's: any business metric, gated like the built-in ones.

    A function takes the answer's text, and where it has a parameter ``judge`` a client of the judge model
    (``--llmeval-judge``): ``judge(prompt)`` in a plain function, ``await judge.acall(prompt)`` in an ``async`` one.
    A plain function runs in the test's own thread, before its teardown. An ``async`` one runs between the calls of
    other tests and holds up none; where it has a ``judge`` it must not await anything else before it.
    A judge whose provider fails leaves the check unscored; whatever else a function raises fails the test.

    Args:
        metric: its name, one word for one meaning.
        value: in [0, 1], higher is better; True and False are 1 and 0; or a function that returns such a value or a
            Score.
        output: the answer that was measured; a function needs it.
        reason: one sentence for a person.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.
        hard: fail the test below the threshold, whatever the baseline says (a schema, a format).
        version: change it when the metric's values change their meaning; old scores are then not compared.
        detail: what else to keep with the score, as JSON.

    Raises:
        UsageError: value is not a number in [0, 1], or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.
    """
    __tracebackhide__ = True
    if not metric or not metric.isprintable():
        raise UsageError(f"assert_score got the metric name {metric!r}", hint="a name is printable text on one line")
    terms = Terms(threshold, require, hard)
    if callable(value):
        return _check_by_function(metric, value, output, version, terms)
    score = score_of(metric, value, reason=reason, version=version, detail=detail)
    return check(metric, output, lambda _: score, terms, score=score)


def _check_by_function(metric: str, function: Function, output: Answer, version: str, terms: Terms) -> Check:
    __tracebackhide__ = True
    if isinstance(output, str) and not output:
        raise UsageError(
            f"assert_score({metric!r}) got a function and no answer", hint="say what it judges: output=answer"
        )
    shape = shape_of(function)
    if shape.is_async:
        return check_async(metric, output, function, version, terms)
    judge = judge_for(metric) if shape.takes_judge else None
    return check(
        metric, output, lambda text: measured(function, metric, version, text, judge), terms, finish_in_body=True
    )

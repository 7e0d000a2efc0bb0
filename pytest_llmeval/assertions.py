"""The ``assert_*`` helpers: measure an answer, hand the check to the recorder of the running test.

A check does not raise where it stands: every check of the test is measured, and the test fails at its end with each
failing check and its own line. Outside a test, and in eager tests, a failing check raises ``AssertionError`` at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather import current
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
from pytest_llmeval.gather.recorder import Recorder
from pytest_llmeval.gather.thresholds import message
from pytest_llmeval.records import Check, CheckId, Json, Score, Tally


class CheckFailed(AssertionError):
    """At least one check is below its threshold."""

    __module__ = "pytest_llmeval"  # Where users import it from; pytest prints it in front of every failure.


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

    asked = question if question is not None else question_of(answer, _recorder())
    return _check("relevance", answer, lambda text: relevance(text, asked), threshold=threshold, require=require)


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

    return _check("safety", answer, safety, threshold=threshold, require=require)


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

    known = source if source is not None else context_of(_recorder())
    return _check("faithfulness", answer, lambda text: faithfulness(text, known), threshold=threshold, require=require)


def assert_consistent(
    answer: Answer | Sequence[Answer], *, threshold: float | None = 0.5, require: float | None = None
) -> Check | CaseCheck:
    """Check that answers to one question agree with each other.

    One answer is compared with the same check's answers in the other trials of its case, after the last trial
    (unscored with fewer than 2). A list of answers is compared within itself, at once.

    Args:
        answer: this trial's answer, or at least 2 answers to the same question.
        threshold: pass mark in [0, 1]; None records only.
        require: share of the trials in (0, 1] that must reach the threshold; only with a list of answers.

    Raises:
        UsageError: one answer outside a test, or an argument is out of range.
        AssertionError: at once for a list of answers outside a test; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.consistency`` has the formula and its measured agreement with people.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.consistency import consistency

    if not isinstance(answer, (str, HasText)):
        texts = [text_of(one) for one in answer]
        joined = "\n---\n".join(texts)
        return _check("consistency", joined, lambda _: consistency(texts), threshold=threshold, require=require)
    recorder = _recorder()
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
    _valid(threshold, None)
    score = Score.unscored("consistency", "lands after the last trial")
    share = Check(
        score=score, threshold=threshold, is_case_level=True, output=head_of(answer), origin=origin_of(answer, recorder)
    )
    # An answer that cannot be judged has its number too: the check after it must not be taken for this one.
    recorder.add_over_trials(share, None if unreadable(answer) else text_of(answer), consistency)
    return CaseCheck("consistency")


def assert_score(  # noqa: PLR0913 - its options are those of every check, and what a Score holds
    metric: str,
    value: float,
    *,
    output: Answer = "",
    reason: str = "",
    threshold: float | None = 0.5,
    require: float | None = None,
    hard: bool = False,
    version: str = "1",
    detail: dict[str, Json] | None = None,
) -> Check:
    """Check a number of your own: any business metric, gated like the built-in ones.

    Args:
        metric: its name, one word for one meaning.
        value: in [0, 1], higher is better; True and False are 1 and 0.
        output: the text that was measured, for the report.
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
    number = float(value) if isinstance(value, (bool, int, float)) else math.nan
    if not 0.0 <= number <= 1.0:
        raise UsageError(f"assert_score({metric!r}) got {value!r}", hint="a score is a number in [0, 1], or a bool")
    score = Score(metric=metric, value=number, reason=reason, version=version, detail=detail or {})
    return _check(
        metric, output, lambda _: score, threshold=threshold, require=require, is_hard=hard, may_be_empty=True
    )


def _check(
    metric: str,
    answer: Answer,
    measure: Callable[[str], Score],
    *,
    threshold: float | None,
    require: float | None,
    is_hard: bool = False,
    may_be_empty: bool = False,
) -> Check:
    """Measure, hand over to the running test, and raise where there is nobody to hand over to."""
    __tracebackhide__ = True
    _valid(threshold, require)
    recorder = _recorder()
    fault = None if may_be_empty else unreadable(answer)
    score = Score.unscored(metric, fault) if fault else measure(text_of(answer))
    check = Check(
        score=score,
        threshold=threshold,
        require=require,
        is_hard=is_hard,
        output=head_of(answer),
        origin=origin_of(answer, recorder),
    )
    if recorder is not None:
        check = recorder.add(check)
        if not recorder.is_eager:
            return check
    if check.passed is False:
        raise CheckFailed(message([Tally(id=CheckId("", "", metric), checks=(check,))]))
    return check


def _recorder() -> Recorder | None:
    """Return the recorder of the running trial; after its body (a fixture's end) a check stands on its own."""
    recorder = current.recorder()
    return recorder if recorder is not None and recorder.is_open else None


def _valid(threshold: float | None, require: float | None) -> None:
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        raise UsageError(f"threshold={threshold!r} is out of range", hint="a threshold is a number in [0, 1], or None")
    if require is not None and not 0.0 < require <= 1.0:
        raise UsageError(f"require={require!r} is out of range", hint="require is the share of trials, in (0, 1]")

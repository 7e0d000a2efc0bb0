"""Checks with one value for all trials of a case: each trial gives its answer, the value comes after the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import Answer, HasText, head_of, origin_of, text_of, unreadable
from pytest_llmeval.gather.checking import Terms, check, running, valid
from pytest_llmeval.gather.over_trials import Share
from pytest_llmeval.records import Check, Response, Score


class CaseCheck:
    """A case-level check inside its trial: its value comes after the last trial, so reading it here is an error.

    Args:
        metric: its name.
        call: how the user wrote it, such as ``assert_consistent``.
    """

    def __init__(self, metric: str, call: str) -> None:
        self._metric = metric
        self._call = call

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
            hint=f"to have it at once, give it the answers: {self._call}([a, b, c])",
        )


def check_over_trials(
    metric: str, call: str, answer: Answer | Sequence[Answer], measure: Callable[[Sequence[str]], Score], terms: Terms
) -> Check | CaseCheck:
    """Measure a list of answers at once, or keep one answer as its trial's share.

    Args:
        metric: name.
        call: how the user wrote it.
        answer: this trial's answer, or a list of answers.
        measure: texts of the answers to their one score.
        terms: what the score is set against.

    Raises:
        UsageError: one answer outside a test, or with a share of trials that must pass.
    """
    __tracebackhide__ = True
    # A Response first: asking a pending one whether it has a text would wait for it.
    if not isinstance(answer, (str, Response, HasText)):
        texts = [text_of(one) for one in answer]
        return check(metric, "\n---\n".join(texts), lambda _: measure(texts), terms)
    recorder = running()
    if recorder is None:
        raise UsageError(
            f"{call} has one answer and no test whose other trials it could compare it with",
            hint=f"give it the answers to compare: {call}([a, b, c])",
        )
    if terms.require is not None:
        raise UsageError(
            f"{call}(require=...) has no meaning for one value a case",
            hint="drop require=, or give it a list of answers in each trial",
        )
    valid(terms)
    share = Check(
        score=Score.unscored(metric, "lands after the last trial"),
        threshold=terms.threshold,
        is_hard=terms.is_hard,
        is_case_level=True,
    )
    calls, judged = recorder.calls, answer

    def read() -> Share:
        # An answer that cannot be judged has its number too: the check after it must not be taken for this one.
        text = None if unreadable(judged) else text_of(judged)
        return Share(text, head_of(judged), origin_of(judged, calls))

    recorder.add_over_trials(share, read, measure)
    return CaseCheck(metric, call)


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
    return check_over_trials("consistency", "assert_consistent", answer, consistency, Terms(threshold, require))


def _consistency(*, semantic: bool) -> Callable[[Sequence[str]], Score]:
    from pytest_llmeval import metrics

    if not semantic:
        return metrics.consistency
    from pytest_llmeval.metrics.semantic import consistency, need_extra

    need_extra()
    return consistency

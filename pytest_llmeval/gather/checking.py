"""A check on its way from ``assert_*`` to the recorder: measured at once, or as soon as its answer is there.

In: an answer, how to measure it, and its terms. Out: a Check of the running test, perhaps pending; outside a test, and
in eager tests, ``CheckFailed`` where it is below its threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.coroutines import begin, landed
from pytest_llmeval.errors import ProviderError, UsageError
from pytest_llmeval.gather import current
from pytest_llmeval.gather.answers import Answer, head_of, origin_of, sources_of, text_of, unreadable
from pytest_llmeval.gather.functions import Function, measured_async
from pytest_llmeval.gather.recorder import Recorder
from pytest_llmeval.gather.thresholds import message
from pytest_llmeval.records import (
    Check,
    CheckId,
    Coming,
    Derived,
    PendingCheck,
    Place,
    Response,
    Score,
    Tally,
    coming_of,
    leaves,
)

if TYPE_CHECKING:
    from pytest_llmeval.calls.judge import Judge


class CheckFailed(AssertionError):
    """At least one check is below its threshold."""

    __module__ = "pytest_llmeval"  # Where users import it from; pytest prints it in front of every failure.


class Terms(NamedTuple):
    """What a check is set against."""

    threshold: float | None
    require: float | None
    is_hard: bool = False


def check(
    metric: str,
    answer: Answer,
    measure: Callable[[str], Score],
    terms: Terms,
    *,
    score: Score | None = None,
    finish_in_body: bool = False,
    may_be_empty: bool = False,
) -> Check:
    """Measure, hand over to the running test, and raise where there is nobody to hand over to.

    Where the answer is on its way the check is too, and is measured by whoever reads it first.

    Args:
        metric: name.
        answer: what is judged.
        measure: text to score.
        terms: what the score is set against.
        score: known without looking at the answer; an empty or filtered answer may have it.
        finish_in_body: see ``Recorder.add``.
        may_be_empty: see ``unreadable``.
    """
    __tracebackhide__ = True
    valid(terms)
    recorder = running()
    calls = recorder.calls if recorder else ()

    def measured() -> Score:
        if score is not None:
            return score
        fault = unreadable(answer, may_be_empty=may_be_empty)
        return Score.unscored(metric, fault) if fault else measure(text_of(answer))

    if recorder is None:
        return _raised(_checked(measured(), terms, answer, calls))
    comings = [coming for source in sources_of(answer, calls) if (coming := coming_of(source)) is not None]
    if not leaves(comings):
        found = measured()
        return _handed_over(recorder, _checked(found, terms, answer, calls, recorder.number(metric)))
    numbered = recorder.number(metric)
    known = {} if score is None else {"score": score}
    derived = Derived(comings, lambda: _checked(measured(), terms, answer, calls, numbered))
    pending = _pending(derived, metric, terms, numbered, **known)
    return _handed_over(recorder, pending, finish_in_body=finish_in_body)


def check_async(
    metric: str, answer: Answer, function: Function, version: str, terms: Terms, *, judge: Judge | None = None
) -> Check:
    """Start an async metric; it runs on between the calls of other tests, and the check is pending until it ends.

    Args:
        metric: name.
        answer: what is judged.
        function: the answer's text, and a judge where there is one, to its value.
        version: of its scores.
        terms: what the score is set against.
        judge: what it asks.
    """
    __tracebackhide__ = True
    valid(terms)
    recorder = in_test(metric)
    calls = recorder.calls
    numbered = recorder.number(metric)

    async def measured() -> Check:
        for source in sources_of(answer, calls):
            with suppress(ProviderError):
                await landed(source)
        fault = unreadable(answer)
        if fault:
            return _checked(Score.unscored(metric, fault), terms, answer, calls, numbered)
        score = await measured_async(function, metric, version, text_of(answer), judge)
        return _checked(score, terms, answer, calls, numbered)

    # One that asks a judge awaits the judge first, and a stored grade needs no loop; others may await anything.
    spawn = recorder.desk.spawn
    begun = begin(measured(), spawn) if judge is not None else spawn(measured())
    return _handed_over(recorder, begun if isinstance(begun, Check) else _pending(begun, metric, terms, numbered))


def _checked(
    score: Score, terms: Terms, answer: Answer, calls: Sequence[Response], numbered: tuple[int, Place] = (0, Place())
) -> Check:
    return Check(
        score=score,
        nth=numbered[0],
        threshold=terms.threshold,
        require=terms.require,
        is_hard=terms.is_hard,
        output=head_of(answer),
        origin=origin_of(answer, calls),
        place=numbered[1],
    )


def _pending(coming: Coming, metric: str, terms: Terms, numbered: tuple[int, Place], **known: object) -> PendingCheck:
    nth, place = numbered
    return PendingCheck(
        coming,
        metric=metric,
        nth=nth,
        threshold=terms.threshold,
        require=terms.require,
        is_hard=terms.is_hard,
        is_case_level=False,
        n_trials=1,
        place=place,
        **known,
    )


def _handed_over(recorder: Recorder, made: Check, *, finish_in_body: bool = False) -> Check:
    __tracebackhide__ = True
    recorder.add(made, finish_in_body=finish_in_body)
    return _raised(made) if recorder.is_eager else made


def _raised(made: Check) -> Check:
    __tracebackhide__ = True
    if made.passed is False:
        raise CheckFailed(message([Tally(id=CheckId("", "", made.score.metric), checks=(made,))]))
    return made


def judge_for(metric: str) -> Judge:
    """Return a client of the judge model, for a metric of the running test."""
    recorder = in_test(metric)
    return recorder.desk.judge(recorder)


def in_test(metric: str) -> Recorder:
    """Return the recorder of the running trial, for a metric that needs one.

    Raises:
        UsageError: no test is running.
    """
    recorder = running()
    if recorder is None:
        raise UsageError(
            f"the metric {metric!r} is async, or asks for a judge, and no test is running",
            hint="call its check in a test, or give assert_score(...) a number",
        )
    return recorder


def running() -> Recorder | None:
    """Return the recorder of the running trial; after its body (a fixture's end) a check stands on its own."""
    recorder = current.recorder()
    return recorder if recorder is not None and recorder.is_open else None


def valid(terms: Terms) -> None:
    """Look at what a check is to be set against.

    Raises:
        UsageError: a number is out of range.
    """
    threshold, require, _ = terms
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        raise UsageError(f"threshold={threshold!r} is out of range", hint="a threshold is a number in [0, 1], or None")
    if require is not None and not 0.0 < require <= 1.0:
        raise UsageError(f"require={require!r} is out of range", hint="require is the share of trials, in (0, 1]")

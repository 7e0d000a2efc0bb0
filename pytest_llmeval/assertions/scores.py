"""``assert_score``: a check of a number, or of a function, that the user has at hand."""

from __future__ import annotations

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import Answer
from pytest_llmeval.gather.checking import Terms, check, check_async, judge_for
from pytest_llmeval.gather.functions import Function, measured, score_of, shape_of
from pytest_llmeval.records import Check, Json


def assert_score(  # noqa: PLR0913 - its options are those of every check, and what a Score holds
    metric: str,
    value: float | Function,
    *,
    output: Answer | None = None,
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
        output: the answer that was measured; a function needs it, and of an empty one there is no score.
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
        if output is None:
            raise UsageError(
                f"assert_score({metric!r}) got a function and no answer", hint="say what it judges: output=answer"
            )
        return _check_by_function(metric, value, output, version, terms)
    score = score_of(metric, value, reason=reason, version=version, detail=detail)
    return check(metric, "" if output is None else output, lambda _: score, terms, score=score)


def _check_by_function(metric: str, function: Function, output: Answer, version: str, terms: Terms) -> Check:
    __tracebackhide__ = True
    shape = shape_of(function)
    judge = judge_for(metric).noted() if shape.takes_judge else None
    if shape.is_async:
        return check_async(metric, output, function, version, terms, judge=judge)
    return check(
        metric, output, lambda text: measured(function, metric, version, text, judge), terms, finish_in_body=True
    )

"""Checks of what an answer took, and of what an agent did and found on the way to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from pytest_llmeval.errors import AnswerUnreadable, UsageError
from pytest_llmeval.gather.answers import Answer
from pytest_llmeval.gather.checking import Terms, check, running
from pytest_llmeval.metrics.retrieval import MEASURES, Measure
from pytest_llmeval.metrics.trajectory import Called, Order, Wanted
from pytest_llmeval.records import Check, Json, Response, Score

Call: TypeAlias = "str | Mapping[str, Any]"
"""A tool's name, or ``{"name": ..., "arguments": {...}}``."""


def assert_within(
    answer: Answer,
    *,
    latency_s: float | None = None,
    first_token_s: float | None = None,
    input_tokens: float | None = None,
    output_tokens: float | None = None,
    cost_usd: float | None = None,
    require: float | None = None,
) -> Check:
    """Check that an answer took no more than it may; a hard check.

    Of a Response its own call counts; of another answer all calls of the trial so far, through ``llm`` or intercepted.
    What is replayed has the time and the price of its recording.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        latency_s: most seconds from sending to the last byte.
        first_token_s: most seconds to the first piece of a streamed answer.
        input_tokens: most tokens of the prompt.
        output_tokens: most tokens of the answer.
        cost_usd: most US dollars.
        require: share of the trials in (0, 1] that must keep all limits each; by default all must.

    Raises:
        UsageError: there is no limit, or one is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.performance`` has the formula.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.performance import within

    said = {
        "latency_s": latency_s,
        "first_token_s": first_token_s,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cost_usd": cost_usd,
    }
    limits = {name: limit for name, limit in said.items() if limit is not None}
    if not limits or any(not limit >= 0 for limit in limits.values()):
        raise UsageError(
            f"assert_within has {'a limit below 0' if limits else 'no limit'}",
            hint=f"give it one of {', '.join(f'{name}=' for name in said)}, from 0",
        )
    recorder = running()
    calls = (answer,) if isinstance(answer, Response) else recorder.calls if recorder is not None else ()
    return check(
        "within", answer, lambda _: within(calls, limits), Terms(1.0, require, is_hard=True), may_be_empty=True
    )


def assert_tools(
    answer: Response | Sequence[Call],
    expected: Sequence[Call],
    *,
    order: Order = "in",
    forbidden: Collection[str] = (),
    most_repeats: int = 2,
    require: float | None = None,
) -> Check:
    """Check that an agent called the right tools; a hard check.

    Args:
        answer: a Response with ``.tool_calls``, or the calls in order, each ``{"name": ..., "arguments": {...}}``.
        expected: names, or calls with the arguments that count: values, compiled regular expressions, or functions of
            the value.
        order: ``in``: in this order, others may stand between; ``any``: in any order; ``exact``: these and no other.
        forbidden: names of tools that must not be called.
        most_repeats: most equal calls, same name and same arguments; one more is a circle.
        require: share of the trials in (0, 1] that must pass each; by default their mean must reach 1.

    Raises:
        UsageError: a call has another form, or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.trajectory`` has the formula.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.trajectory import trajectory

    if order not in ("in", "any", "exact") or most_repeats < 1:
        raise UsageError(
            f"assert_tools cannot be order={order!r}, most_repeats={most_repeats!r}",
            hint="order is 'in', 'any' or 'exact', most_repeats a whole number from 1",
        )
    wanted = [Wanted(*_read(call)) for call in expected]
    made = () if isinstance(answer, Response) else map(_read, answer)
    given = [Called(name, arguments or {}) for name, arguments in made]

    def measure(_: str) -> Score:
        calls = _calls_of(answer) if isinstance(answer, Response) else given
        return trajectory(calls, wanted, order=order, forbidden=tuple(forbidden), most_repeats=most_repeats)

    shown = answer if isinstance(answer, Response) else " → ".join(call.name for call in given)
    return check("trajectory", shown, measure, Terms(1.0, require, is_hard=True), may_be_empty=True)


def assert_retrieves(
    found: Sequence[str],
    relevant: Collection[str],
    *,
    how: Measure = "recall",
    k: int | None = None,
    threshold: float | None = 0.5,
    require: float | None = None,
) -> Check:
    """Check that a search found what it should have.

    Args:
        found: ids of passages, the best first.
        relevant: ids of those that it should have found.
        how: ``recall``, ``precision``, ``average_precision`` (context precision), ``ndcg`` or ``reciprocal_rank``. The
            scores of two of them are never compared.
        k: look at the first so many only.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.retrieval`` has the formulas.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.retrieval import retrieval

    if how not in MEASURES or (k is not None and k < 1) or isinstance(found, str) or isinstance(relevant, str):
        raise UsageError(
            f"assert_retrieves cannot be how={how!r}, k={k!r}",
            hint=f"how is one of {', '.join(MEASURES)}; k is a whole number from 1; ids are lists of text",
        )
    score = retrieval(found, relevant, how=how, k=k)
    return check("retrieval", ", ".join(map(str, found)), lambda _: score, Terms(threshold, require), score=score)


def _calls_of(answer: Response) -> list[Called]:
    calls = []
    for call in answer.tool_calls:
        try:
            arguments: Mapping[str, Json] | None = call.arguments
        except AnswerUnreadable:  # the model wrote no JSON: no argument fits
            arguments = None
        calls.append(Called(call.name, arguments))
    return calls


def _read(call: Call) -> tuple[str, Mapping[str, Json] | None]:
    if isinstance(call, str):
        return call, None
    name, arguments = (call.get("name"), call.get("arguments")) if isinstance(call, Mapping) else (None, None)
    if not isinstance(name, str) or not (arguments is None or isinstance(arguments, Mapping)):
        raise UsageError(
            f"assert_tools cannot read the call {call!r:.100}",
            hint='write a name, or {"name": "search", "arguments": {"query": "refund"}}',
        )
    return name, arguments

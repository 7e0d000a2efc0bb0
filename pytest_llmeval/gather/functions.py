"""A user's own metric, as a function of the answer's text: sync or async, with or without a judge.

In: the function. Out: a Score, or the coroutine of one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pytest_llmeval.errors import ProviderError, UsageError
from pytest_llmeval.records import Json, Score

if TYPE_CHECKING:
    from pytest_llmeval.calls.judge import Judge

_NOTHING: Mapping[str, Json] = MappingProxyType({})  # one for all: a session holds a score of every check
Value: TypeAlias = float | bool | Score | tuple[float | None, str]
# ... : the answer's text, and where it asks for one ``judge``, by name.
Function: TypeAlias = Callable[..., Value | Awaitable[Value]]


def score_of(
    metric: str, value: object, *, reason: str = "", version: str = "1", detail: Json = None, place: str = ""
) -> Score:
    """Make a score of what a user's metric gave.

    Args:
        metric: name.
        value: a number or a bool, alone or with a reason; None with a reason; or a Score, which is left as it is.
        reason: where the value has none.
        version: of the score.
        detail: of the score.
        place: where the metric's function stands; empty where the user gave the value itself.

    Raises:
        UsageError: it is none of these, or no number in [0, 1].
    """
    if isinstance(value, Score):
        return value
    number, told = value if isinstance(value, tuple) and len(value) == 2 else (value, reason)  # noqa: PLR2004 - a pair
    if number is None and number is not value and isinstance(told, str) and told:
        return Score.unscored(metric, told, version=version)
    # Real, because metrics often return numpy's numbers.
    found = float(number) if isinstance(number, Real) else math.nan
    if not 0.0 <= found <= 1.0 or not isinstance(told, str):
        raise UsageError(
            f"the metric {metric!r} returned {value!r:.80}" if place else f"assert_score({metric!r}) got {value!r:.80}",
            found=f"its function stands at {place}" if place else "",
            hint='a score is a number in [0, 1] or a bool, alone or with its reason: (0.5, "why"); '
            'where it cannot tell it is (None, "why")',
        )
    return Score(metric=metric, value=found, reason=told, version=version, detail=detail or _NOTHING)


class Shape(NamedTuple):
    """How a user's metric is called.

    Args:
        is_async: it is ``async def``, or an object whose ``__call__`` is.
        takes_judge: it asks for a judge, by a parameter of that name.
    """

    is_async: bool
    takes_judge: bool


def shape_of(function: Function) -> Shape:
    """Look at a metric, and remember what was seen: the same one judges thousands of answers."""
    try:
        return _seen(function)
    except TypeError:  # an object without a hash
        return _seen.__wrapped__(function)


@lru_cache(maxsize=256)
def _seen(function: Function) -> Shape:
    is_async = any(map(inspect.iscoroutinefunction, (function, getattr(function, "__call__", None))))  # noqa: B004
    return Shape(is_async, "judge" in inspect.signature(function).parameters)


def measured(function: Function, metric: str, version: str, text: str, judge: Judge | None) -> Score:
    """Run a sync metric; where its judge's provider failed there is no score, and the reason says so."""
    __tracebackhide__ = True
    try:
        value = function(text, judge=judge) if judge is not None else function(text)
    except ProviderError as error:
        return Score.unscored(metric, error.what, version=version)
    return _by(judge, score_of(metric, value, version=version))


async def measured_async(function: Function, metric: str, version: str, text: str, judge: Judge | None) -> Score:
    """Run an async metric; otherwise as ``measured``."""
    __tracebackhide__ = True
    try:
        coming = function(text, judge=judge) if judge is not None else function(text)
        value = await coming  # type: ignore[misc] # is_async() said so
    except ProviderError as error:
        return Score.unscored(metric, error.what, version=version)
    return _by(judge, score_of(metric, value, version=version))


def _by(judge: Judge | None, score: Score) -> Score:
    """Note on a score whom its metric asked, where its version does not say."""
    return replace(score, judges=judge.names) if judge is not None and judge.asked else score

"""``assert_correct``: an answer against a reference, in one of several ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from types import EllipsisType
from typing import Literal, TypeAlias

from pytest_llmeval.assertions.answers import Threshold, known_question
from pytest_llmeval.assertions.judged import THRESHOLD, graded_by, reference_of
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import Answer
from pytest_llmeval.gather.checking import Terms, check
from pytest_llmeval.records import Check, Json, Score

How: TypeAlias = Literal["exact", "normalised", "contains", "numeric", "f1", "judge"]


def assert_correct(
    answer: Answer,
    expected: Json = None,
    *,
    how: How = "normalised",
    tolerance: float = 0.0,
    question: str | None = None,
    threshold: Threshold = ...,
    require: float | None = None,
) -> Check:
    """Check that an answer says what the reference says.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        expected: the reference, text or a number; a list of such: any of them is right. By default the case's
            ``expected``.
        how: ``exact``: the same characters; ``normalised``: but for case, punctuation and articles; ``contains``: it
            has the reference in it; ``numeric``: its last number; ``f1``: the share of common words; ``judge``: by a
            model (``--llmeval-judge``). The scores of two ways are never compared.
        tolerance: of ``numeric``: greatest difference as a share of the reference, 0.01 is 1 %.
        question: shown to a judge; by default the last user message of the response's request, or the case's input.
        threshold: pass mark in [0, 1] for the mean over trials; None records only. By default 0.5, of a judge 0.7.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no reference, or none of the kind; or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.correctness`` has the formulas, ``metrics/judge/rubrics/correctness.toml`` the rubric.
    """
    __tracebackhide__ = True
    right = reference_of(expected, "assert_correct")
    default = THRESHOLD if how == "judge" else 0.5
    terms = Terms(default if isinstance(threshold, EllipsisType) else threshold, require)
    if how == "judge":
        known = question if question is not None else known_question(answer)
        return graded_by("correctness", answer, "correctness", {"question": known, "reference": right}, terms)
    return check("correctness", answer, _measure(how, right, tolerance), terms)


def _measure(how: str, right: Json, tolerance: float) -> Callable[[str], Score]:
    from pytest_llmeval.metrics import correctness

    several = list(right) if isinstance(right, (list, tuple)) else [right]
    if how == "numeric":
        numbers = _numbers(several)
        if not 0.0 <= tolerance < math.inf:
            raise UsageError(f"tolerance={tolerance!r} is out of range", hint="a share of the reference, from 0")
        return lambda text: correctness.numeric(text, numbers, tolerance)
    ways = {
        "exact": correctness.exact,
        "normalised": correctness.normalised,
        "contains": correctness.contains,
        "f1": correctness.f1,
    }
    if how not in ways:
        raise UsageError(f"how={how!r} is not allowed", hint=f"it is one of {', '.join([*ways, 'numeric', 'judge'])}")
    texts = [str(one) for one in several if isinstance(one, (str, Real))]
    if len(texts) < len(several) or not all(text.strip() for text in texts) or not texts:
        raise _no_reference(right, how, "text that is not empty, or a list of such: any of them is right")
    return lambda text: ways[how](text, texts)


def _numbers(several: Sequence[Json]) -> list[float]:
    found = []
    for one in several:
        try:
            number = float(one)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(one, bool) or not math.isfinite(number):
            raise _no_reference(one, "numeric", "a finite number, or a list of numbers: any of them is right")
        found.append(number)
    if not found:
        raise _no_reference([], "numeric", "a finite number, or a list of numbers: any of them is right")
    return found


def _no_reference(right: Json, how: str, hint: str) -> UsageError:
    return UsageError(f"the reference {right!r:.80} cannot be compared with how={how!r}", hint=f"give it {hint}")

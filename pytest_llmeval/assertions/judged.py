"""Checks by a judge: a rubric of this package, or a criterion in the user's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.assertions.answers import known_question
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import Answer, text_of
from pytest_llmeval.gather.checking import Terms, check_async, judge_for, running
from pytest_llmeval.records import Check, Json, Score

if TYPE_CHECKING:
    from pytest_llmeval.calls.judge import Judge
    from pytest_llmeval.metrics.judge.rubric import Rubric

THRESHOLD = 0.7
"""Of a judged check that names none: grade 4 of 5 is 0.75, grade 3 is 0.5."""


def graded(
    metric: str, answer: Answer, rubric: Rubric, parts: Mapping[str, str], terms: Terms, *, as_: str = "answer"
) -> Check:
    """Check an answer by a rubric; the judge is asked while other tests go on.

    Args:
        metric: name of the check.
        answer: what is graded.
        rubric: what is graded by.
        parts: the other texts, by name.
        terms: what the score is set against.
        as_: name of the part that the answer is.

    Raises:
        UsageError: there is no judge, or no test is running.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.judge.grading import grade, graded_version

    judge = judge_for(metric)

    async def asked(text: str, judge: Judge) -> Score:
        return await grade(metric, rubric, {**parts, as_: text}, judge)

    return check_async(metric, answer, asked, graded_version(rubric, judge), terms, judge=judge)


def graded_by(
    name: str, answer: Answer, metric: str, parts: Mapping[str, Json], terms: Terms, *, as_: str = "answer"
) -> Check:
    """Check an answer by a rubric of this package; arguments and errors as of ``graded``.

    Args:
        name: of the rubric.
        answer: what is graded.
        metric: name of the check.
        parts: the other texts by name, or JSON values; what is None is left out.
        terms: what the score is set against.
        as_: name of the part that the answer is.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.judge.rubric import load

    return graded(metric, answer, load(name), _texts(parts), terms, as_=as_)


def assert_rubric(
    answer: Answer,
    criterion: str,
    *,
    question: str | None = None,
    source: str | None = None,
    expected: Json = None,
    metric: str = "rubric",
    threshold: float | None = THRESHOLD,
    require: float | None = None,
) -> Check:
    """Check an answer by a criterion in plain words; needs a judge (``--llmeval-judge``).

    ``assert_rubric(answer, "It names the deadline, and does not blame the customer.")``. The judge gives a grade from 1
    to 5, which is 0 to 1. A judge that fails, or whose reply cannot be believed, leaves the check unscored.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        criterion: what a good answer does; one thing, or few.
        question: shown to the judge; by default the last user message of the response's request, or the case's input.
        source: shown to the judge, if the criterion speaks of it.
        expected: shown to the judge as the reference, if the criterion speaks of it.
        metric: the check's name, where a suite has several criteria: one word for one meaning.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no judge, no test is running, or an argument is out of range.
        AssertionError: in eager tests at once; else at the end of the test.

    Source:
        ``pytest_llmeval/metrics/judge/rubrics/rubric.toml`` has the text that the judge is given.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.judge.rubric import load

    if not criterion.strip():
        raise UsageError("assert_rubric got an empty criterion", hint="say in plain words what a good answer does")
    parts = {"question": question if question is not None else known_question(answer), "source": source}
    rubric = load("rubric").with_criterion(criterion)
    return graded(metric, answer, rubric, _texts({**parts, "reference": expected}), Terms(threshold, require))


def assert_complete(
    answer: Answer,
    expected: Json = None,
    *,
    question: str | None = None,
    threshold: float | None = THRESHOLD,
    require: float | None = None,
) -> Check:
    """Check that an answer contains every point of the reference, in whatever words; needs a judge.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        expected: the reference: text, or a list of points; by default the case's ``expected``.
        question: shown to the judge; by default as of ``assert_rubric``.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no reference, no judge, no test is running, or an argument is out of range.
        AssertionError: in eager tests at once; else at the end of the test.

    Source:
        ``pytest_llmeval/metrics/judge/rubrics/completeness.toml``.
    """
    __tracebackhide__ = True
    parts = {
        "question": question if question is not None else known_question(answer),
        "reference": reference_of(expected, "assert_complete"),
    }
    return graded_by("completeness", answer, "completeness", parts, Terms(threshold, require))


def assert_prefers(
    answer: Answer,
    over: Answer,
    criterion: str = "",
    *,
    question: str | None = None,
    threshold: float | None = 0.5,
    require: float | None = None,
) -> Check:
    """Check that an answer is at least as good as another one; needs a judge.

    The judge is asked twice, once in each order, and may call it a tie. 1: better in both orders; 0.5: a tie, or the
    judge's choice hangs on the order; 0: worse in both.

    Args:
        answer: the answer under test.
        over: what it is compared with: yesterday's answer, or another model's.
        criterion: what makes one better, in plain words; by default how well it serves who asked.
        question: shown to the judge; by default as of ``assert_rubric``.
        threshold: pass mark in [0, 1] for the mean over trials; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.

    Raises:
        UsageError: there is no judge, no test is running, or an argument is out of range.
        AssertionError: in eager tests at once; else at the end of the test.

    Source:
        ``pytest_llmeval/metrics/judge/rubrics/preference.toml``; Zheng et al. 2023, arXiv:2306.05685.
    """
    __tracebackhide__ = True
    from pytest_llmeval.calls.coroutines import landed
    from pytest_llmeval.metrics.judge.preferring import prefer, preferred_version
    from pytest_llmeval.metrics.judge.rubric import load

    rubric = load("preference")
    rubric = rubric.with_criterion(criterion) if criterion else rubric
    parts = _texts({"question": question if question is not None else known_question(answer)})
    judge = judge_for("preference")

    async def asked(text: str, judge: Judge) -> Score:
        return await prefer("preference", rubric, text, text_of(await landed(over)), parts, judge)

    version, terms = preferred_version(rubric, judge), Terms(threshold, require)
    return check_async("preference", answer, asked, version, terms, judge=judge)


def reference_of(expected: Json, call: str) -> Json:
    """Return the reference that a check was given, or that of the running case.

    Raises:
        UsageError: there is none.
    """
    recorder = running()
    if expected is None and recorder is not None and recorder.case is not None:
        expected = recorder.case.expected
    if expected is None:
        raise UsageError(
            f"{call} does not know the reference",
            found="it was given none, and the test has no case with 'expected'",
            hint=f"say it: {call}(answer, expected=...)",
        )
    return expected


def _texts(parts: Mapping[str, Json]) -> dict[str, str]:
    """Return parts as a judge is shown them: a list as points, other JSON as JSON; without those that are None."""
    return {name: _shown(part) for name, part in parts.items() if part is not None}


def _shown(part: Json) -> str:
    from pytest_llmeval.records.exchange import canonical

    if isinstance(part, str):
        return part
    if isinstance(part, list) and all(isinstance(point, str) for point in part):
        return "\n".join(f"- {point}" for point in part)
    return canonical(part)

"""``@metric``: a metric of the user's own, declared once; its check is gathered, gated and reported like ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from inspect import unwrap
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeAlias, TypeVar, overload

from pytest_llmeval.assertions import declared
from pytest_llmeval.assertions.over_trials import CaseCheck, check_over_trials
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import Answer, HasText
from pytest_llmeval.gather.checking import Terms, check, check_async, judge_for, running, valid
from pytest_llmeval.gather.functions import measured, score_of
from pytest_llmeval.gather.needs import arguments, needs_of, version_of
from pytest_llmeval.records import Check, Response, Score

if TYPE_CHECKING:
    from pytest_llmeval.calls.judge import Judge

P = ParamSpec("P")
R = TypeVar("R")
Cost: TypeAlias = Literal["offline", "embedding", "judge"]
_COSTS = ("offline", "embedding", "judge")


class Metric(Generic[P, R]):
    """A named, versioned function from an answer, and what is known of its case, to a score.

    Called, it is that function. Made by ``@metric``.

    Attributes:
        name: one word for one meaning.
        version: changes when its values change their meaning.
        threshold: pass mark in [0, 1] of a check that names none; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each; None: the mean decides.
        hard: a check below its threshold fails its test, whatever the baseline says.
        cost: what a value takes: nothing but time (``offline``), an embedding, or a call of a judge.
        needs: the names of what its function takes.
        is_case_level: whether it has one value for all trials of a case.
        place: where its function stands.
    """

    def __init__(self, function: Callable[P, R], *, name: str, version: str, terms: Terms, cost: Cost | None) -> None:
        self.name, self.version = name or getattr(function, "__name__", ""), version
        self.threshold, self.require, self.hard = terms
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        code = getattr(unwrap(function), "__code__", None)
        self.place = f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)
        if not self.name.isidentifier():
            raise UsageError(
                f"a metric cannot be named {self.name!r}",
                found=f"declared at {self.place}",
                hint="its check is assert_NAME: take letters, digits and _",
            )
        self._needs = needs_of(self.name, function, self.place)
        self.needs = (*sorted(self._needs.names), *self._needs.data, *self._needs.options)
        self.is_case_level = self._needs.is_case_level
        self.cost: Cost = cost or ("judge" if self._needs.takes_judge else "offline")
        if self.cost not in _COSTS or (self._needs.takes_judge and self.cost != "judge"):
            raise UsageError(
                f"the metric {self.name!r} cannot have cost={self.cost!r}",
                found=f"declared at {self.place}" + (", and it takes a judge" if self._needs.takes_judge else ""),
                hint="cost is 'offline', 'embedding' or 'judge'; one that takes a judge is 'judge'",
            )
        valid(terms)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns."""
        return self.__wrapped__(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<metric {self.name!r} version {self.version}, {self.cost}>"

    def check(
        self,
        answer: Answer | Sequence[Answer],
        *,
        threshold: float | EllipsisType | None = ...,
        require: float | EllipsisType | None = ...,
        hard: bool | None = None,
        **given: object,
    ) -> Check | CaseCheck:
        """Check an answer by this metric; ``from pytest_llmeval import assert_NAME`` is the same.

        Args:
            answer: a Response, any object with ``.text``, or plain text; for a case-level metric also a list of them.
            threshold: in place of the metric's own.
            require: in place of the metric's own.
            hard: in place of the metric's own.
            given: what its function takes beside the answer, by name; what is left out is taken from the running case.

        Returns:
            The check of this trial; ``.value`` in [0, 1] or None, ``.passed``, ``bool``.

        Raises:
            UsageError: something that it takes is not known, or an argument is out of range.
            AssertionError: at once, outside a test and in eager tests; else at the end of the test.
        """
        __tracebackhide__ = True
        terms = Terms(
            self.threshold if isinstance(threshold, EllipsisType) else threshold,
            self.require if isinstance(require, EllipsisType) else require,
            self.hard if hard is None else hard,
        )
        call = f"assert_{self.name}"
        one = answer if isinstance(answer, (str, Response, HasText)) else None
        found = arguments(self._needs, call, one, running(), given)
        version = version_of(self.version, self._needs, found)
        if self.is_case_level:
            return check_over_trials(
                self.name, call, answer, lambda texts: self._over_trials(texts, version, found), terms
            )
        if one is None:
            raise UsageError(
                f"{call} judges one answer, and got {type(answer).__name__!r}",
                hint="give it text, or an object whose .text is text",
            )
        return self._checked(one, version, found, terms)

    def _checked(self, answer: Answer, version: str, found: dict[str, object], terms: Terms) -> Check:
        __tracebackhide__ = True
        judge = judge_for(self.name).noted() if self._needs.takes_judge else None
        function: Callable[..., Any] = self.__wrapped__  # Any: its arguments are found by name

        def filled(text: str, judge: Judge | None) -> dict[str, object]:
            own = {"output": text, "response": answer, "judge": judge}
            return found | {name: value for name, value in own.items() if name in self._needs.names}

        if self._needs.is_async:

            async def awaited(text: str, judge: Judge | None = None) -> Score:
                return self._score(await function(**filled(text, judge)), version)

            return check_async(self.name, answer, awaited, version, terms, judge=judge)

        def called(text: str, judge: Judge | None = None) -> Score:
            return self._score(function(**filled(text, judge)), version)

        return check(
            self.name,
            answer,
            lambda text: measured(called, self.name, version, text, judge),
            terms,
            finish_in_body=True,
        )

    def _over_trials(self, texts: Sequence[str], version: str, found: dict[str, object]) -> Score:
        function: Callable[..., Any] = self.__wrapped__  # Any: as above
        if not texts:
            return Score.unscored(self.name, "no trial has an answer that can be judged", version=version)
        return self._score(function(outputs=texts, **found), version)

    def _score(self, value: object, version: str) -> Score:
        """Make a score of what the function returned, under this metric's own name; errors as of ``score_of``."""
        return replace(score_of(self.name, value, place=self.place), metric=self.name, version=version)


AnyMetric: TypeAlias = Metric[Any, Any]


@overload
def metric(function: Callable[P, R], /) -> Metric[P, R]: ...


@overload
def metric(
    *,
    name: str = "",
    version: str = "1",
    threshold: float | None = 0.5,
    require: float | None = None,
    hard: bool = False,
    cost: Cost | None = None,
) -> Callable[[Callable[P, R]], Metric[P, R]]: ...


def metric(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str = "",
    version: str = "1",
    threshold: float | None = 0.5,
    require: float | None = None,
    hard: bool = False,
    cost: Cost | None = None,
) -> Metric[P, R] | Callable[[Callable[P, R]], Metric[P, R]]:
    """Declare a metric of your own: ``@metric`` above its function, in ``conftest.py`` or any module.

    Its check is ``from pytest_llmeval import assert_NAME``, or ``NAME.check``. What the function takes says what it
    needs, by name: ``output`` (the answer's text), ``outputs`` (of all trials: one value a case, after the last) or
    ``response`` (the answer as it was given); ``question``; ``input``, ``expected`` (or ``reference``), ``context`` and
    ``case`` of the running case; ``judge`` (a client of ``--llmeval-judge``). A parameter of its own without a default
    is given to each check, or is a field of the case; one with a default is an option. It may be ``async``.

    It returns a number in [0, 1], higher is better, a bool or a Score; or a number and a reason; or None and a reason,
    where it cannot tell.

    Args:
        function: the function.
        name: by default the function's.
        version: change it when the values change their meaning; scores of two versions are never compared.
        threshold: pass mark in [0, 1] of a check that names none; None records only.
        require: share of the trials in (0, 1] that must reach the threshold each.
        hard: fail the test below the threshold, whatever the baseline says.
        cost: what a value takes, if it is an embedding or a model that is asked in another way than by ``judge``.

    Raises:
        UsageError: the name is taken or none, or the function cannot be called.
    """

    def made(function: Callable[P, R]) -> Metric[P, R]:
        made = Metric(function, name=name, version=version, terms=Terms(threshold, require, hard), cost=cost)
        declared.declare(made)
        return made

    return made if function is None else made(function)

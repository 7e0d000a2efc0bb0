"""What a declared metric asks for, by the names of its parameters, and where each of them comes from.

In: the metric's function; later an answer, the running case, and what the check was given. Out: the arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import question_of
from pytest_llmeval.records.exchange import canonical, digest

if TYPE_CHECKING:
    from pytest_llmeval.gather.answers import Answer
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.records import Case

ANSWERS = ("output", "outputs", "response")
"""The answer's text; the texts of all trials; the answer as it was given."""
OF_CASE = {"input": "input", "expected": "expected", "reference": "expected", "context": "context"}
"""Parameters that are fields of the case."""
KNOWN = frozenset({*ANSWERS, *OF_CASE, "question", "case", "judge"})
_RESERVED = frozenset({"threshold", "require", "hard"})
_MOST_SHOWN = 60
_NOTHING = Parameter.empty


class Needs(NamedTuple):
    """What a metric's function takes.

    Args:
        names: parameters with a meaning of their own (``KNOWN``).
        data: its own parameters without a default: given to each check, or a field of the case.
        options: its own parameters with a default, and the default: they are part of what its scores mean.
        defaults: of ``names``, those that may be missing.
        is_async: whether it is awaited.
    """

    names: frozenset[str]
    data: tuple[str, ...]
    options: Mapping[str, object]
    defaults: Mapping[str, object]
    is_async: bool

    @property
    def is_case_level(self) -> bool:
        """Whether it judges all trials of a case together."""
        return "outputs" in self.names

    @property
    def takes_judge(self) -> bool:
        """Whether it asks a model."""
        return "judge" in self.names


def needs_of(metric: str, function: Callable[..., object], place: str) -> Needs:
    """Read what a function takes.

    Raises:
        UsageError: there is a parameter that nobody could fill.
    """
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD, Parameter.POSITIONAL_ONLY):
            raise _refused(metric, place, f"its parameter {name!r} has no name that it could be given by")
        if name in _RESERVED:
            raise _refused(metric, place, f"its parameter {name!r} is an option of every check")
    named = frozenset(parameters) & KNOWN
    if not named.intersection(ANSWERS):
        raise _refused(metric, place, f"it takes no answer; its parameters are ({', '.join(parameters)})")
    is_async = any(map(inspect.iscoroutinefunction, (function, getattr(function, "__call__", None))))  # noqa: B004
    if "outputs" in named and (is_async or "judge" in named or named & {"output", "response"}):
        raise _refused(
            metric, place, "with 'outputs' it is measured after the last trial: no async, no judge, no other"
        )
    own = {name: parameter.default for name, parameter in parameters.items() if name not in KNOWN}
    return Needs(
        names=named,
        data=tuple(name for name, default in own.items() if default is _NOTHING),
        options={name: default for name, default in own.items() if default is not _NOTHING},
        defaults={name: parameters[name].default for name in named if parameters[name].default is not _NOTHING},
        is_async=is_async,
    )


def _refused(metric: str, place: str, found: str) -> UsageError:
    return UsageError(
        f"the metric {metric!r} cannot be called",
        found=f"{found}, at {place}",
        hint="it takes output, outputs (of all trials) or response; and question, input, expected, context, case, "
        "judge, and parameters of its own, by name",
    )


def arguments(
    needs: Needs, call: str, answer: Answer | None, recorder: Recorder | None, given: Mapping[str, object]
) -> dict[str, object]:
    """Find all that a metric takes beside the answer and the judge.

    What the check was given comes first, then the running case, then the parameter's default.

    Args:
        needs: what it takes.
        call: how the user wrote the check, such as ``assert_conversion``.
        answer: whose request has the question; None for a list of answers.
        recorder: of the running test.
        given: keyword arguments of the check.

    Raises:
        UsageError: something is not known, or the check was given what the metric does not take.
    """
    takes = (needs.names - {*ANSWERS, "judge"}) | {*needs.data, *needs.options}
    unknown = sorted(given.keys() - takes)
    if unknown:
        raise UsageError(
            f"{call} does not take {', '.join(f'{name}=' for name in unknown)}",
            found=f"its metric takes {', '.join(sorted(takes)) or 'the answer only'}",
            hint="threshold=, require= and hard= are options of every check",
        )
    case = recorder.case if recorder is not None else None
    found = dict(given)
    for name in takes - found.keys():
        default = {**needs.defaults, **needs.options}.get(name, _NOTHING)
        value = _question(call, answer, recorder, default) if name == "question" else _of_case(name, needs, case)
        value = default if value is _NOTHING else value
        if value is _NOTHING:
            raise UsageError(
                f"{call} does not know {name!r}",
                found=f"its metric takes it, and the test has no case with {OF_CASE.get(name, name)!r}",
                hint=f"say it: {call}(answer, {name}=...)",
            )
        found[name] = value
    return found


def _question(call: str, answer: Answer | None, recorder: Recorder | None, default: object) -> object:
    try:
        return question_of(answer or "", recorder, call)
    except UsageError:
        if default is _NOTHING:
            raise
        return default


def _of_case(name: str, needs: Needs, case: Case | None) -> object:
    """Look a parameter up in the case; an option is never taken from it, for it would change what the scores mean."""
    if case is None or name in needs.options:
        return _NOTHING
    if name == "case":
        return case
    if name in OF_CASE:
        value = getattr(case, OF_CASE[name])
        return _NOTHING if value is None else value
    return case.data.get(name, _NOTHING)


def version_of(version: str, needs: Needs, found: Mapping[str, object]) -> str:
    """Name the scores' version: that of the metric, and each option that has not its default.

    Scores that were measured under two settings are not compared with each other.
    """
    changed = {name: value for name, value in found.items() if needs.options.get(name, value) is not value}
    changed = {name: value for name, value in changed.items() if value != needs.options[name]}
    if not changed:
        return version
    shown = " ".join(f"{name}={_shown(value)}" for name, value in sorted(changed.items()))
    return f"{version} {shown}" if len(shown) <= _MOST_SHOWN else f"{version} {digest(shown)[:12]}"


def _shown(value: object) -> str:
    try:
        return canonical(value)
    except (TypeError, ValueError):  # a function, a client: by its name
        return str(getattr(value, "__qualname__", type(value).__qualname__))

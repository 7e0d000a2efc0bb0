"""Checks of an answer's form. They are hard: below the threshold they fail their test, whatever the baseline says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.answers import Answer
from pytest_llmeval.gather.checking import Terms, check
from pytest_llmeval.metrics.formats import Unit
from pytest_llmeval.records import Check, Json

_UNITS = ("words", "characters", "lines")


def assert_matches_schema(
    answer: Answer,
    schema: Mapping[str, Json] | type | Any,  # noqa: ANN401 - any type that pydantic knows, as list[Order]
    *,
    require: float | None = None,
) -> Check:
    """Check that the whole answer is one JSON document of a form; a hard check.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        schema: a JSON Schema as a dict, or a pydantic model, or another type that pydantic can validate.
        require: share of the trials in (0, 1] that must pass each; by default their mean must reach 1.

    Raises:
        UsageError: the schema is none, or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.formats``.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.formats import check_schema, json_schema, pydantic_type

    terms = Terms(1.0, require, is_hard=True)
    if not isinstance(schema, Mapping):
        _look_at(schema)
        return check("schema", answer, lambda text: pydantic_type(text, schema), terms)
    fault = check_schema(schema)
    if fault:
        raise UsageError(
            "assert_matches_schema got a dict that is no JSON Schema",
            found=fault,
            hint='such as {"type": "object", "required": ["total"]}, or a pydantic model',
        )
    return check("schema", answer, lambda text: json_schema(text, schema), terms)


def _look_at(kind: Any) -> None:  # noqa: ANN401 - any type that pydantic knows
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        TypeAdapter(kind)
    except PydanticUserError as error:
        raise UsageError(
            f"assert_matches_schema got {kind!r:.80}",
            found=str(error).partition("\n")[0],
            hint="give it a JSON Schema as a dict, or a pydantic model",
        ) from None


def assert_matches(answer: Answer, pattern: str | re.Pattern[str], *, require: float | None = None) -> Check:
    """Check that a regular expression is found in the answer; a hard check.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        pattern: searched for anywhere; ``^`` and ``$`` tie it to the ends of the text.
        require: share of the trials in (0, 1] that must pass each; by default their mean must reach 1.

    Raises:
        UsageError: the pattern is none, or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics import formats

    try:
        wanted = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise UsageError(
            f"assert_matches got {pattern!r:.80}", found=str(error), hint="give it a regular expression, as of re"
        ) from None
    return check("pattern", answer, lambda text: formats.pattern(text, wanted), Terms(1.0, require, is_hard=True))


def assert_length(
    answer: Answer, *, least: int = 0, most: int | None = None, unit: Unit = "words", require: float | None = None
) -> Check:
    """Check that the answer is as long as it may be; a hard check.

    Args:
        answer: a Response, any object with ``.text``, or plain text.
        least: of the unit.
        most: of the unit; None for no limit.
        unit: ``words``, ``characters``, or ``lines`` that are not empty.
        require: share of the trials in (0, 1] that must pass each; by default their mean must reach 1.

    Raises:
        UsageError: an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics.formats import length

    if unit not in _UNITS or least < 0 or (most is not None and most < least) or (most is None and not least):
        raise UsageError(
            f"assert_length cannot be least={least!r}, most={most!r}, unit={unit!r}",
            hint=f"give it least=, most= or both, in order; the unit is one of {', '.join(_UNITS)}",
        )
    terms = Terms(1.0, require, is_hard=True)
    return check("length", answer, lambda text: length(text, least=least, most=most, unit=unit), terms)


def assert_language(answer: Answer, language: str, *, require: float | None = None) -> Check:
    """Check that the answer is in a language; a hard check; needs the extra ``language``.

    Args:
        answer: a Response, any object with ``.text``, or plain text; unscored with fewer than 20 letters.
        language: ISO 639-1, such as ``de``.
        require: share of the trials in (0, 1] that must pass each; by default their mean must reach 1.

    Raises:
        UsageError: the extra is not installed, the language is none that it knows, or an argument is out of range.
        AssertionError: at once, outside a test and in eager tests; else at the end of the test.

    Source:
        ``pytest_llmeval.metrics.language``.
    """
    __tracebackhide__ = True
    from pytest_llmeval.metrics import language as languages

    try:
        known = languages.known_languages()
    except ImportError:
        raise UsageError(
            "assert_language needs py3langid, which is not installed", hint="pip install 'pytest-llmeval[language]'"
        ) from None
    if language not in known:
        raise UsageError(f"assert_language does not know {language!r}", hint=f"it knows {', '.join(sorted(known))}")
    terms = Terms(1.0, require, is_hard=True)
    return check("language", answer, lambda text: languages.language(text, language), terms)

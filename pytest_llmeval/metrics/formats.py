"""Has the answer the form that a program needs? Each is 1 or 0: what cannot be read cannot be read in part."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeAlias

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json, Score

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = "1"
Unit: TypeAlias = Literal["words", "characters", "lines"]
_N_NAMED: Final = 3
_FENCE: Final = re.compile(r"^\s*```")


def pattern(output: str, wanted: re.Pattern[str]) -> Score:
    """Score 1 if a regular expression is found in the answer, else 0."""
    found = wanted.search(output)
    reason = f"found at character {found.start() + 1}" if found else f"nothing matches {wanted.pattern[:100]!r}"
    return Score(metric="pattern", value=float(found is not None), reason=reason, version=VERSION)


def json_schema(output: str, schema: Mapping[str, Json]) -> Score:
    """Score 1 if the answer is one JSON document that a JSON Schema allows, else 0.

    Args:
        output: the answer, whole; nothing may stand before or after the document.
        schema: of the draft that its ``$schema`` names, else 2020-12; it is not fetched from anywhere.

    Raises:
        UsageError: the schema refers to what it does not hold.

    Source:
        JSON Schema 2020-12, by the library ``jsonschema``.
    """
    from referencing.exceptions import Unresolvable

    document, fault = _document(output)
    if fault:
        return _schema_score([fault])
    try:
        errors = sorted(_validator(schema).iter_errors(document), key=lambda error: error.json_path)
    except RecursionError:
        return _schema_score(["it is nested without end"])
    except Unresolvable as error:
        raise UsageError(
            "a JSON Schema refers to what it does not hold",
            found=str(error)[:200],
            hint="write it into the schema's $defs: nothing is fetched",
        ) from None
    return _schema_score([f"{error.json_path}: {error.message:.200}" for error in errors])


def check_schema(schema: Mapping[str, Json]) -> str:
    """Say what is wrong with a JSON Schema; empty where nothing is."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator(schema).check_schema(schema)
    except SchemaError as error:
        return f"{error.json_path}: {error.message:.200}"
    return ""


def _validator(schema: Mapping[str, Json]) -> Any:  # noqa: ANN401 - its class hangs on the draft
    from jsonschema import validators
    from referencing import Registry

    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    # An empty registry: the default one would fetch a schema that this one refers to.
    registry: Registry[Any] = Registry()
    return kind(schema, registry=registry)


def pydantic_type(output: str, kind: Any) -> Score:  # noqa: ANN401 - any type that pydantic knows
    """Score 1 if the answer is one JSON document that a pydantic model, or another type, takes, else 0."""
    from pydantic import TypeAdapter, ValidationError

    _, fault = _document(output)
    if fault:
        return _schema_score([fault])
    try:
        TypeAdapter(kind).validate_json(output)
    except ValidationError as error:
        return _schema_score(
            [f"{'.'.join(map(str, one['loc'])) or 'all of it'}: {one['msg']:.200}" for one in error.errors()]
        )
    return _schema_score([])


def length(output: str, *, least: int, most: int | None, unit: Unit) -> Score:
    """Score 1 if the answer is as long as it may be, else 0.

    Args:
        output: the answer.
        least: of the unit.
        most: of the unit; None for no limit.
        unit: words (between blanks), characters (code points), or lines that are not empty.
    """
    n = len(output) if unit == "characters" else len(output.split())
    if unit == "lines":
        n = sum(bool(line.strip()) for line in output.splitlines())
    is_fit = least <= n and (most is None or n <= most)
    wanted = f"from {least}" if most is None else f"{least} to {most}"
    return Score(metric="length", value=float(is_fit), reason=f"{n} {unit}; {wanted} are allowed", version=VERSION)


def _document(output: str) -> tuple[Json, str]:
    """Return the document that an answer is, or why it is none."""
    try:
        return json.loads(output, parse_constant=_refuse), ""
    except RecursionError:
        return None, "it is nested without end"
    except ValueError as error:
        hint = "; it stands in a fence" if _FENCE.match(output) else ""
        return None, f"it is no JSON: {error}{hint}"


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _schema_score(faults: list[str]) -> Score:
    more = f"; and {len(faults) - _N_NAMED} more" if len(faults) > _N_NAMED else ""
    reason = "; ".join(faults[:_N_NAMED]) + more if faults else "it has the form that is asked for"
    return Score(metric="schema", value=float(not faults), reason=reason, version=VERSION)

"""``response_format=`` → the JSON schema that is sent, and the class that the answer becomes.

Source:
    OpenAI API guide, "Structured outputs", section "Supported schemas": in strict mode every object is closed and all
    of its fields are required, ``default`` and ``oneOf`` are unknown, and a ``$ref`` stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmeval.records import Json

# What OpenAI's own envelope says of itself; any other mapping is a schema.
_ENVELOPES = frozenset({"text", "json_object", "json_schema"})
_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_NAME = 64
_NAMED = frozenset({"properties", "$defs", "definitions"})
_UNKNOWN = frozenset({"default", "discriminator", "oneOf"})


def as_setting(form: type | Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the setting ``response_format`` as it is sent.

    Args:
        form: a pydantic model, or another class that pydantic can validate (a dataclass, a TypedDict); a JSON schema;
            or the setting itself, which is left as it is.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(form, Mapping):
        if form.get("type") in _ENVELOPES:
            return form
        name = str(form.get("title") or "answer")
        schema: Json = dict(form)
    elif isinstance(form, type):
        name, schema = form.__name__, _schema_of(form)
    else:
        raise _no_form(form, f"it is of type {type(form).__name__!r}")
    try:
        schema, is_strict = _closed(schema), True
    except _Open:
        is_strict = False
    json_schema = {"name": _NO_NAME.sub("_", name)[:_LONGEST_NAME], "schema": schema, "strict": is_strict}
    return {"type": "json_schema", "json_schema": json_schema}


def _schema_of(form: type) -> Json:
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    try:
        schema: Json = TypeAdapter(form).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise _no_form(form, str(error).partition("\n")[0]) from None
    if "$ref" in schema:  # a model that holds itself; what is sent must be an object at its root
        own = schema.pop("$ref").rpartition("/")[2]
        schema = {**schema["$defs"][own], **schema}
    if schema.get("type") != "object":
        raise _no_form(form, "it is no object with fields")
    return schema


def _no_form(form: object, why: str) -> UsageError:
    return UsageError(
        f"response_format={form!r} is no form of an answer"[:200],
        found=why,
        hint="give a pydantic model, or a JSON schema as a dict",
    )


def _closed(schema: Json) -> dict[str, Json]:
    """Return a schema as strict mode wants it.

    Raises:
        _Open: it cannot be said so: an object with names of any kind, or schemas that must all hold.
    """
    if not isinstance(schema, Mapping) or _is_open(schema):
        raise _Open
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    found: dict[str, Json] = {name: value for name, value in schema.items() if name not in _UNKNOWN}
    for name in _NAMED & found.keys():
        found[name] = {key: _closed(part) for key, part in found[name].items()}
    if "items" in found:
        found["items"] = _closed(found["items"])
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        found["anyOf"] = [_closed(part) for part in several]
    if "properties" in found:
        found |= {"additionalProperties": False, "required": list(found["properties"])}
    return found


def _is_open(schema: Mapping[str, Json]) -> bool:
    if "allOf" in schema or "prefixItems" in schema:
        return True
    is_object = schema.get("type") == "object" or "properties" in schema
    return is_object and (not schema.get("properties") or schema.get("additionalProperties", False) is not False)


class _Open(Exception):
    """A schema that strict mode has no words for."""

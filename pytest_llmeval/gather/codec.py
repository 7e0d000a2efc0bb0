"""Frozen records to canonical JSON text, and back from JSON values, by the type hints of the records.

A new field needs no line here. Fields that equal their default are left out, and all keys are sorted, so that equal
records give equal texts. Writers are compiled, once a kind of record, as dataclasses compiles its ``__init__``: a
result is written for every test, and a dict that json.dumps reads once more takes three times as long.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, partial
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from operator import index
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pytest_llmeval.records import Json
from pytest_llmeval.records.exchange import canonical

T = TypeVar("T")
# Any: a codec is chosen by a type hint at run time, which no static type can follow.
_Write = Callable[[Any], str]
_Decode = Callable[[Any], Any]
_REQUIRED = object()


class _Codec(NamedTuple):
    write: _Write
    decode: _Decode


class _Field(NamedTuple):
    name: str
    codec: _Codec
    default: object


def to_text(value: object) -> str:
    """Return a record as compact ASCII JSON, its keys sorted.

    Args:
        value: an instance of a dataclass or NamedTuple whose fields are str, int, float, bool, enums, such records,
            tuples and str-keyed mappings of them, optional ones, or Json.

    Raises:
        TypeError: a field holds something its hint does not allow, or that JSON cannot hold.
        ValueError: a number is NaN or infinite, or a value holds itself.
    """
    kind: Any = type(value)  # Any: mypy takes no type for hashable
    return _codec(kind).write(value)


def from_json(kind: type[T], value: Json) -> T:
    """Return the record of that kind, of whose text ``to_text`` is the writer and ``value`` the parsed JSON.

    Raises:
        ValueError: a field is unknown, missing or of the wrong type; the message names it.
    """
    hint: Any = kind  # Any: mypy takes no type for hashable
    return cast("T", _codec(hint).decode(value))


@cache
def _codec(hint: Any) -> _Codec:  # noqa: ANN401 - hints have no common type
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple:
        item = _codec(args[0])
        return _Codec(
            lambda values: f"[{','.join([item.write(value) for value in values])}]",
            lambda values: tuple([item.decode(value) for value in _typed(list, values)]),
        )
    if origin is Mapping:
        return _mapping_of(_codec(args[1]))
    if origin in (UnionType, Union):
        (inner,) = (arg for arg in args if arg is not NoneType)
        return _optional(inner)
    if issubclass(hint, Enum):
        return _Codec(lambda value: quoted(value.value), hint)
    return _Codec(_writer(hint), partial(_decode_record, hint))


def _optional(hint: Any) -> _Codec:  # noqa: ANN401 - as above
    if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
        # Compiled where there is one: most sessions have no verdict, no contest, no shard.
        return _Codec(
            lambda value: "null" if value is None else _codec(hint).write(value),
            lambda value: None if value is None else _codec(hint).decode(value),
        )
    inner = _codec(hint)
    return _Codec(
        lambda value: "null" if value is None else inner.write(value),
        lambda value: None if value is None else inner.decode(value),
    )


def _mapping_of(item: _Codec) -> _Codec:
    def decode(values: Json) -> Json:
        return {key: item.decode(value) for key, value in _typed(dict, values).items()}

    if item.write is canonical:
        return _Codec(lambda values: canonical(dict(values.items())), decode)
    return _Codec(
        lambda values: f"{{{','.join([f'{quoted(key)}:{item.write(values[key])}' for key in sorted(values)])}}}", decode
    )


@cache
def _fields(kind: Any) -> tuple[_Field, ...]:  # noqa: ANN401 - mypy takes no type for hashable
    hints = get_type_hints(kind)
    if dataclasses.is_dataclass(kind):
        defaults = {field.name: _default(field) for field in dataclasses.fields(kind)}
    else:
        defaults = {name: kind._field_defaults.get(name, _REQUIRED) for name in kind._fields}
    return tuple(_Field(name, _codec(hints[name]), default) for name, default in defaults.items())


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _REQUIRED if field.default is dataclasses.MISSING else field.default


def _writer(kind: Any) -> _Write:  # noqa: ANN401 - as above
    names: dict[str, object] = {"quoted": quoted}
    lines = ["def write(record):", "    found = []"]
    for number, (name, codec, default) in enumerate(sorted(_fields(kind))):
        names[f"write_{number}"], names[f"default_{number}"] = codec.write, default
        text = f"write_{number}(value)"
        if codec.write is _text:  # most fields are: one call less for each
            text = f"(quoted(value) if type(value) is str else {text})"
        lines += [
            f"    value = record.{name}",
            f"    if value is not default_{number} and value != default_{number}:",
            f"        found.append('{quoted(name)}:' + {text})",
        ]
    exec("\n".join([*lines, "    return '{' + ','.join(found) + '}'"]), names)  # noqa: S102 - our own lines
    return cast("_Write", names["write"])


def _decode_record(kind: Any, value: Json) -> object:  # noqa: ANN401 - as above
    arguments = {}
    for name, codec, default in _fields(kind):
        if name in _typed(dict, value):
            try:
                arguments[name] = codec.decode(value[name])
            except ValueError as error:
                raise ValueError(f"{kind.__name__}.{name}: {error}") from None
        elif default is _REQUIRED:
            raise ValueError(f"{kind.__name__}.{name} is missing")
    if len(arguments) != len(value):
        raise ValueError(f"{kind.__name__} has no field {min(set(value) - set(arguments))!r}")
    return kind(**arguments)


def _typed(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, found {value!r:.80}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected str, found {value!r:.80}")
    return quoted(value)


def _finite(value: object) -> str:
    # float() and index() let numpy's numbers through: a user's metric often returns them.
    number = float(value)  # type: ignore[arg-type] # raises for what is none
    if not isfinite(number):
        raise ValueError(f"{number!r} is not JSON")
    return float.__repr__(number)


def _number(value: object) -> float:
    # Some tools that rewrite JSON turn 1.0 into 1.
    return float(value) if type(value) is int else _typed(float, value)


def _same(value: T) -> T:
    return value


_SCALARS: dict[Any, _Codec] = {
    Any: _Codec(canonical, _same),
    str: _Codec(_text, partial(_typed, str)),
    int: _Codec(lambda value: int.__repr__(index(value)), partial(_typed, int)),
    float: _Codec(_finite, _number),
    bool: _Codec(lambda value: "true" if value else "false", partial(_typed, bool)),
}

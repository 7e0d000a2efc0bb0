"""Frozen records to plain JSON values and back, by the type hints of the records: a new field needs no line here.

Fields that equal their default are left out. Encoders are compiled, once a kind of record, as dataclasses compiles its
``__init__``: a result is encoded for every test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, partial
from operator import attrgetter, index
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pytest_llmeval.records import Json

T = TypeVar("T")
# Any: a codec is chosen by a type hint at run time, which no static type can follow.
_Convert = Callable[[Any], Any]
_REQUIRED = object()


class _Codec(NamedTuple):
    encode: _Convert
    decode: _Convert


class _Field(NamedTuple):
    name: str
    codec: _Codec
    default: object


def to_json(value: object) -> Json:
    """Return a record as plain JSON values.

    Args:
        value: an instance of a dataclass or NamedTuple whose fields are str, int, float, bool, enums, such records,
            tuples and str-keyed mappings of them, optional ones, or Json.

    Raises:
        TypeError: a field holds something its hint does not allow.
    """
    kind: Any = type(value)  # Any: mypy takes no type for hashable
    return _codec(kind).encode(value)


def from_json(kind: type[T], value: Json) -> T:
    """Return the record of that kind which ``to_json`` gave the value for.

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
            lambda values: [item.encode(value) for value in values],
            lambda values: tuple([item.decode(value) for value in _typed(list, values)]),
        )
    if origin is Mapping:
        item = _codec(args[1])
        return _Codec(
            lambda values: {key: item.encode(value) for key, value in values.items()},
            lambda values: {key: item.decode(value) for key, value in _typed(dict, values).items()},
        )
    if origin in (UnionType, Union):
        (inner,) = (_codec(arg) for arg in args if arg is not NoneType)
        return _Codec(
            lambda value: None if value is None else inner.encode(value),
            lambda value: None if value is None else inner.decode(value),
        )
    if issubclass(hint, Enum):
        return _Codec(attrgetter("value"), hint)
    return _Codec(partial(_encode_record, hint), partial(_decode_record, hint))


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


@cache
def _encoder(kind: Any) -> _Convert:  # noqa: ANN401 - as above
    names: dict[str, object] = {}
    lines = ["def encode(record):", "    found = {}"]
    for number, (name, codec, default) in enumerate(_fields(kind)):
        names[f"encode_{number}"], names[f"default_{number}"] = codec.encode, default
        lines += [
            f"    value = record.{name}",
            f"    if value is not default_{number} and value != default_{number}:",
            f"        found[{name!r}] = {_PLAIN.get(codec.encode, 'encode_{0}(value)').format(number)}",
        ]
    exec("\n".join([*lines, "    return found"]), names)  # noqa: S102 - our own lines; the names are the records' fields
    return cast("_Convert", names["encode"])


def _encode_record(kind: Any, record: object) -> Json:  # noqa: ANN401 - as above
    return _encoder(kind)(record)


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
    return value


def _number(value: object) -> float:
    # Some tools that rewrite JSON turn 1.0 into 1.
    return float(value) if type(value) is int else _typed(float, value)


def _same(value: T) -> T:
    return value


# float() and index() let numpy's numbers through: a user's metric often returns them.
_SCALARS: dict[Any, _Codec] = {
    Any: _Codec(_same, _same),
    str: _Codec(_text, partial(_typed, str)),
    int: _Codec(index, partial(_typed, int)),
    float: _Codec(float, _number),
    bool: _Codec(bool, partial(_typed, bool)),
}
# What most values are needs no call.
_PLAIN: dict[_Convert, str] = {
    _text: "value if type(value) is str else encode_{0}(value)",
    float: "value if type(value) is float else encode_{0}(value)",
}

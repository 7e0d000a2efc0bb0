"""JSON and back, for every frozen record: one string is all that pytest-xdist carries from worker to controller.

In: a CaseResult in the worker, a Plan; out: ASCII text, and on the controller the equal record. The codec follows the
type hints of the records, so a new field needs no line here. Fields that equal their default are left out.

The one text that does not come back as it was: two lone surrogates in a row that together spell one character
come back as that character.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, partial
from operator import attrgetter, index
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pytest_llmeval.records import CaseResult, Check, Json, Plan, Response, Score

# A 10 MB detail must not ride on a report; a judge's reply with its reasons is some 4 KiB.
MAX_SCORE_BYTES = 64 * 1024
MAX_TEXT_LENGTH = 100_000

T = TypeVar("T")
# Any: a codec is chosen by a type hint at run time, which no static type can follow.
_Convert = Callable[[Any], Any]
_REQUIRED = object()


def encode(result: CaseResult) -> str:
    """Return the result as one line of ASCII JSON.

    A check that cannot be stored becomes an unscored one that says why; a response of more than
    100,000 characters is cut, with a mark at its end.
    """
    return dumps(to_json(storable(result)))


def decode(text: str) -> CaseResult:
    """Return the result that ``encode`` wrote.

    Raises:
        ValueError: the text is no JSON, or not that of a CaseResult; the message names the field.
    """
    return from_json(CaseResult, loads(text))


def encode_plan(plan: Plan) -> str:
    """Return the plan as one line of ASCII JSON."""
    return dumps(to_json(plan))


def decode_plan(text: str) -> Plan:
    """Return the plan that ``encode_plan`` wrote; raises ValueError as ``decode`` does."""
    return from_json(Plan, loads(text))


def dumps(value: Json, *, sort_keys: bool = False) -> str:
    """Return compact ASCII JSON; raises TypeError or ValueError for what JSON cannot hold, NaN included."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)


def loads(text: str) -> Json:
    """Parse JSON; raises ValueError for anything else, NaN and nesting without end included."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# -- what may not travel ------------------------------------------------------------------------------------------


def storable(result: CaseResult) -> CaseResult:
    """Return the result with nothing in it that cannot be stored; equal to the argument where all of it can."""
    return dataclasses.replace(
        result,
        checks=tuple(map(_storable_check, result.checks)),
        trials=tuple(
            dataclasses.replace(
                trial, checks=tuple(map(_storable_check, trial.checks)), calls=tuple(map(_cut, trial.calls))
            )
            for trial in result.trials
        ),
    )


def _storable_check(check: Check) -> Check:
    try:
        n_bytes = len(dumps(to_json(check.score)))
    except Exception as error:  # noqa: BLE001 - a user's metric may put any object here; its methods may raise anything
        fault = str(error) or type(error).__name__
    else:
        if n_bytes <= MAX_SCORE_BYTES:
            return check
        fault = f"{n_bytes:,} bytes, and at most {MAX_SCORE_BYTES:,} are"
    metric = str(check.score.metric)
    reason = f"llmeval: detail of metric {metric!r} cannot be stored: {fault}"
    return dataclasses.replace(check, score=Score.unscored(metric, reason, version=str(check.score.version)))


def _cut(response: Response) -> Response:
    if len(response.text) <= MAX_TEXT_LENGTH:
        return response
    mark = f" […cut by llmeval: {len(response.text):,} characters in all]"
    return dataclasses.replace(response, text=response.text[: MAX_TEXT_LENGTH - len(mark)] + mark)


# -- the codec ----------------------------------------------------------------------------------------------------


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


def _encode_record(kind: Any, record: object) -> dict[str, Json]:  # noqa: ANN401 - as above
    found = {}
    for name, codec, default in _fields(kind):
        value = getattr(record, name)
        if value != default:
            found[name] = codec.encode(value)
    return found


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

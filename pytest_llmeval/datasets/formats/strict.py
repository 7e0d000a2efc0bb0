"""JSON as RFC 8259 has it: no key twice in an object, no NaN and no infinity; and text as UTF-8."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from math import isinf

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json

__all__ = ["BOM_UTF8", "DECODER", "decoded", "reason"]


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} twice in one object")
    return found


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(f"{digits} is beyond what a number can be")
    return number


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite)


def reason(error: Exception) -> str:
    """Return why a text is no JSON, in one line without a position."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def decoded(data: bytes, place: str) -> str:
    """Return UTF-8 as text.

    Raises:
        UsageError: it is none.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{place} is not UTF-8", found=str(error), hint="save the file as UTF-8") from None

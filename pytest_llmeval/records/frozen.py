"""``dataclass`` for frozen records with the contract of the standard library's, at a third of its price.

``dataclasses`` compiles six methods for each frozen class, a tenth of what starting pytest takes for all of ours, and
its ``__init__`` sets every field through a call. Here one method is compiled, the others are shared. Fields,
``replace``, ``asdict`` and the type checker's view are those of ``dataclasses``.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - type checkers know the real one
else:

    def dataclass(*, frozen: bool, kw_only: bool = False) -> Callable[[type], type]:
        """Return a class decorator that does what ``dataclasses.dataclass`` with the same arguments does.

        Args:
            frozen: always True; it stands there for the reader, and for the type checker.
            kw_only: fields are given by name only.

        Raises:
            TypeError: the class is not to be frozen, or asks for slots or inheritance, which no record needs.
        """
        if not frozen:
            raise TypeError("records are frozen")

        def decorate(kind: type) -> type:
            # Without its methods nothing is compiled; what it keeps of the fields, its other functions read.
            kind = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(kind)
            fields = dataclasses.fields(cast("Any", kind))  # Any: mypy sees no fields of a TypeVar
            values = _values(tuple(field.name for field in fields))
            methods: dict[str, object] = {
                "__init__": _init(kind, fields, is_kw_only=kw_only),
                "__eq__": lambda self, other: (
                    values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented
                ),
                "__hash__": lambda self: hash(values(self)),
                "__repr__": _repr,
                "__setattr__": _refuse,
                "__delattr__": _refuse,
            }
            for name, method in methods.items():
                if name not in kind.__dict__ or name == "__hash__":
                    setattr(kind, name, method)
            return kind

        return decorate


def _values(names: tuple[str, ...]) -> Callable[[object], tuple[object, ...]]:
    if len(names) == 1:
        return lambda record: (getattr(record, names[0]),)
    return attrgetter(*names)


def _init(kind: type, fields: tuple[dataclasses.Field[Any], ...], *, is_kw_only: bool) -> object:
    names: dict[str, object] = {"MISSING": dataclasses.MISSING}
    arguments = ["self", "*"] if is_kw_only else ["self"]
    lines = []
    for field in fields:
        name, value = field.name, field.name
        if field.default_factory is not dataclasses.MISSING:
            names[f"factory_{name}"] = field.default_factory
            arguments.append(f"{name}=MISSING")
            value = f"factory_{name}() if {name} is MISSING else {name}"
        elif field.default is not dataclasses.MISSING:
            names[f"default_{name}"] = field.default
            arguments.append(f"{name}=default_{name}")
        else:
            arguments.append(name)
        lines.append(f"    fields[{name!r}] = {value}")
    if hasattr(kind, "__post_init__"):
        lines.append("    self.__post_init__()")
    text = f"def __init__({', '.join(arguments)}):\n    fields = self.__dict__\n" + "\n".join(lines)
    exec(text, names)  # noqa: S102 - our own lines; the names are the class's fields
    init = cast("Any", names["__init__"])  # Any: a function's attributes are not typed
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    init.__module__ = kind.__module__
    return init


def _repr(self: Any) -> str:  # noqa: ANN401 - any record
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self))
    return f"{self.__class__.__qualname__}({shown})"


def _refuse(self: object, name: str, *_: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to or delete field {name!r} of {type(self).__name__}")

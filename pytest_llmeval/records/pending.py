"""A record that is still on its way: it can be handed on at once, reading it waits, and then it is the plain record.

Lets a plain synchronous test go on while its calls are in flight. What is known from the start (a response's request,
a check's threshold) is read without waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.records.exchange import Response
from pytest_llmeval.records.score import Check

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
_COMING, _METRIC, _HEARD = "_coming", "_metric", "_heard"


class Coming(Protocol):
    """What a pending record waits for; a ``concurrent.futures.Future`` is one."""

    def done(self) -> bool:
        """Whether ``result`` would return, or raise, without waiting."""

    def result(self) -> Any:  # noqa: ANN401 - the record, of whichever kind
        """Wait, and return the plain record; raises what went wrong on its way."""


class Derived:
    """A record made from others that are still coming, by whoever reads it first.

    Args:
        sources: what must be there first; a source that failed is there too.
        make: makes the record; it reads the sources, and so raises what went wrong with them, or says it in words.
    """

    def __init__(self, sources: Sequence[Coming], make: Callable[[], object]) -> None:
        self.sources = sources
        self._make = make
        self._made: object = None
        self._error: Exception | None = None

    def done(self) -> bool:
        """Whether all sources are there."""
        return all(source.done() for source in self.sources)

    def result(self) -> object:
        """Make the record, once; waits where a source is still coming."""
        __tracebackhide__ = True
        if self._error is not None:
            raise self._error
        if self._made is None:
            try:
                self._made = self._make()
            except Exception as error:
                self._error = error
                raise
        return self._made


class Pending:
    """Mixin of a frozen dataclass; ``class PendingResponse(Pending, Response)``.

    Args:
        coming: brings the plain record.
        known: fields that can be read at once.
    """

    def __init__(self, coming: Coming, **known: object) -> None:
        self.__dict__.update(known)
        self.__dict__[_COMING] = coming

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - fields of every type
        __tracebackhide__ = True
        known = object.__getattribute__(self, "__dict__")
        if _COMING in known and name not in known and name in type(self).__dataclass_fields__:  # type: ignore[attr-defined]
            land(self)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        return bool(land(self) == other)

    __hash__ = None  # type: ignore[assignment] # as the plain record, whose mappings have no hash

    def __reduce_ex__(self, protocol: Any) -> Any:  # noqa: ANN401 - pickle's own types
        return land(self).__reduce_ex__(protocol)

    def __repr__(self) -> str:
        # Not the record's: pytest shows locals of a failing test, and must not wait for a provider to do so.
        return f"<{type(self).__name__}, still on its way>"


class PendingResponse(Pending, Response):
    """A response that is on its way; its request is known."""

    def __str__(self) -> str:
        return self.text


class PendingCheck(Pending, Check):
    """A check whose answer is on its way, or whose metric is still at work; its terms are known.

    Args:
        coming: brings the plain check.
        metric: name of its metric.
        known: its terms, number and place.
    """

    def __init__(self, coming: Coming, *, metric: str, **known: object) -> None:
        super().__init__(coming, **known)
        self.__dict__[_METRIC] = metric

    def __bool__(self) -> bool:
        return self.passed is True


def land(record: T) -> T:
    """Wait for a record and turn it, in place, into the plain one; returns it, at once if it was plain already.

    Raises:
        LlmevalError: what went wrong on its way, from this frame: those of the call hold keys and fill pages.
    """
    __tracebackhide__ = True
    coming = coming_of(record)
    if coming is None:
        return record
    try:
        plain = coming.result()
    except LlmevalError as error:
        record.__dict__[_HEARD] = True
        error.__cause__ = error.__context__ = None
        raise error.with_traceback(None) from None
    known: dict[str, object] = record.__dict__
    known.update(vars(plain))
    known.pop(_METRIC, None)
    known.pop(_COMING, None)  # of two threads that wait, the second finds it gone
    object.__setattr__(record, "__class__", type(plain))
    return record


def coming_of(record: object) -> Coming | None:
    """Return what a record waits for; None where it is plain."""
    return record.__dict__.get(_COMING) if isinstance(record, Pending) else None


def is_heard(record: object) -> bool:
    """Whether somebody has read a record and been told that it does not come."""
    return _HEARD in record.__dict__


def metric_of(check: Check) -> str:
    """Return the name of a check's metric without waiting."""
    return str(check.__dict__.get(_METRIC) or check.score.metric)


def leaves(comings: Iterable[Coming]) -> list[Future[Any]]:
    """Return the futures that are not done and that these wait for, however deep."""
    found: list[Future[Any]] = []
    for coming in comings:
        if isinstance(coming, Derived):
            found += leaves(coming.sources)
        elif not coming.done():
            found.append(coming)  # type: ignore[arg-type] # the one other kind there is
    return found

"""Whose calls an application makes now: those of the test that runs, whichever thread or task makes them.

A stack, as in ``gather.current`` and for its reasons: a context variable says nothing that this does not, since threads
do not inherit one, and a task of anyio's runner has that of an earlier test. What it cannot know: a thread or task
that outlives its test makes calls of the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmeval.intercept.endpoints import Endpoints
    from pytest_llmeval.intercept.interception import Interception


class Scope(Protocol):
    """A test, or a fixture of several tests."""

    @property
    def endpoints(self) -> Endpoints:
        """The addresses whose calls are recorded."""

    def interception(self) -> Interception:
        """Return what its calls go through, which is made for the first."""


_SCOPES: list[Scope | None] = []


def begin(scope: Scope | None) -> None:
    """Let calls be those of a scope; None: they go where they would go without us."""
    _SCOPES.append(scope)


def end() -> None:
    """Let calls be those of the scope before."""
    _SCOPES.pop()


def scope() -> Scope | None:
    """Return whose calls are made now."""
    return _SCOPES[-1] if _SCOPES else None

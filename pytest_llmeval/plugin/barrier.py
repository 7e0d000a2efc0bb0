"""What a call in flight may still use: no fixture is torn down before the calls and checks of its tests have landed.

A server that a module's fixture started is gone when the module's last test ends; a test of it that waits for its
checks would find it closed.
"""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

# Their ends touch nothing that a call uses. monkeypatch is none of them: it may have set the provider's key.
_HARMLESS = ("_pytest.", "xdist.")


class Barrier:
    """Which fixtures are up, as far as a call in flight may need them."""

    def __init__(self) -> None:
        self._nodes: set[object] = set()
        self._parametrized: set[str] = set()
        self._items: set[str] = set()

    def note(self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
        """Take note of a fixture that is set up."""
        if fixturedef.scope != "function":
            self._nodes.add(request.node)
            if hasattr(request, "param"):
                self._parametrized.add(fixturedef.argname)
        elif _has_end(fixturedef.argname, fixturedef.func):
            self._items.add(request.node.nodeid)

    def is_short(self, item: pytest.Item) -> bool:
        """Whether the item itself has a fixture with an end, so that its calls must land before its teardown."""
        return item.nodeid in self._items

    def leaving(self, item: pytest.Item, nextitem: pytest.Item | None) -> set[object]:
        """Return the nodes whose wide fixtures end with the item."""
        if not self._nodes and not self._items:
            return set()
        kept = set(nextitem.listchain()) if nextitem is not None else set()
        leaving: set[object] = {node for node in item.listchain() if node in self._nodes and node not in kept}
        if nextitem is not None and self._changes_parameter(item, nextitem):
            # Such a fixture ends in the next item's set-up, wherever it stands.
            leaving |= self._nodes
        self._nodes -= leaving & (set(item.listchain()) - kept)
        self._items.discard(item.nodeid)
        return leaving

    def _changes_parameter(self, item: pytest.Item, nextitem: pytest.Item) -> bool:
        mine, theirs = (getattr(getattr(one, "callspec", None), "params", {}) for one in (item, nextitem))
        return any(mine.get(name) != theirs.get(name) for name in self._parametrized)


@lru_cache(maxsize=1024)
def _has_end(name: str, function: Callable[..., object]) -> bool:
    """Whether a fixture of one test undoes something a call may need: it yields, and is not one of pytest's own."""
    if name == "monkeypatch":
        return True
    is_generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    return is_generator and not function.__module__.startswith(_HARMLESS)

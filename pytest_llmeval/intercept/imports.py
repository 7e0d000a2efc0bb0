"""Patch a client's module once it is there: now, where it has been imported, or when somebody imports it."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType


class Patching:
    """Patches modules by name, until it is undone.

    Args:
        names: of modules at the top level.
        patch: patches one; returns what undoes it.
    """

    def __init__(self, names: Sequence[str], patch: Callable[[ModuleType], Callable[[], None]]) -> None:
        self._names = names
        self._patch = patch
        self._undo: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Patch what is imported, and wait for the rest."""
        sys.meta_path.insert(0, self)
        for name in self._names:
            if name in sys.modules:
                self._note(sys.modules[name])

    def end(self) -> None:
        """Leave everything as it was."""
        sys.meta_path.remove(self)
        while self._undo:
            self._undo.pop()()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Let the finders behind us find one of the modules, and hear of its end of import."""
        if name not in self._names:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec is not None:
                self._listen(spec.loader)
                return spec
        return None

    def _listen(self, loader: Any) -> None:  # noqa: ANN401 - of whichever kind
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            loader.exec_module = execute
            execute(module)
            self._note(module)

        # On this one loader: another in its place would not know the module's files and source.
        loader.exec_module = exec_module

    def _note(self, module: ModuleType) -> None:
        self._undo.append(self._patch(module))

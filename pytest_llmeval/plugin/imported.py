"""Which modules of the project a module imports, at its top or within a function, and those import in turn."""

from __future__ import annotations

import ast
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Imports:
    """The modules that have been imported by now, and the files they stand in.

    Args:
        below: gives the path from the root of a module's file, empty for one that is not of the project.
    """

    def __init__(self, below: Callable[[str], str]) -> None:
        self._below = below
        self._files: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            path = below(os.path.abspath(file)) if isinstance(file, str) else ""  # noqa: PTH100 - see reads.py
            if path:
                self._files[name] = path
                self._names.setdefault(path, name)
        self._direct = cache(self._imported_by)
        # Tests of one module ask for the same.
        self._behind = cache(self._all_behind)

    def behind(self, paths: frozenset[str]) -> frozenset[str]:
        """Return the files of all modules that some files import, whatever way round, and these files themselves."""
        return self._behind(paths)

    def _all_behind(self, paths: frozenset[str]) -> frozenset[str]:
        found: set[str] = set()
        ahead = set(paths)
        while ahead:
            path = ahead.pop()
            found.add(path)
            ahead |= self._direct(path) - found
        return frozenset(found)

    def _imported_by(self, path: str) -> frozenset[str]:
        name = self._names.get(path)
        if name is None:
            return frozenset()
        module = sys.modules[name]
        package = getattr(module, "__package__", "") or ""
        try:
            tree = ast.parse(Path(module.__file__ or "").read_bytes())
        except (OSError, SyntaxError, ValueError):
            return frozenset()  # edited since it was imported; it will be run again
        names = {name for node in ast.walk(tree) for name in _names(node, package)}
        # A package's own file runs before that of a module in it.
        parents = {name.rpartition(".")[0] for name in names}
        return frozenset(self._files[name] for name in names | parents if name in self._files)


def _names(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            parts = alias.name.split(".")
            yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))
    elif isinstance(node, ast.ImportFrom):
        base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        start = ".".join(filter(None, [*base, node.module or ""]))
        parts = start.split(".")
        yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))
        # The name may be a module of the package, too.
        yield from (f"{start}.{alias.name}" for alias in node.names)

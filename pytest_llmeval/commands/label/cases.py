"""The cases of a project's files, by the result that a session has of them: their reference and source are not in it.

A test's file is found where its module names it as text: ``@pytest.mark.llmeval(cases="refunds.jsonl")``. Nothing is
imported or run. A case counts only if its digest is that of the result, so what was changed since is not mixed in.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_llmeval import datasets
from pytest_llmeval.errors import LlmevalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmeval.records import Case, CaseResult


class Cases:
    """Reads each module's files once.

    Args:
        root: of the project; files outside it are not read, modules either.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._of_module: dict[str, dict[tuple[str, str], Case]] = {}

    def of(self, result: CaseResult) -> Case | None:
        """Return the very case that a result is of; None where no file has it."""
        module = result.nodeid.partition("::")[0]
        if not result.id.case or not module:
            return None
        if module not in self._of_module:
            self._of_module[module] = {(case.id, case.input_hash): case for case in self._read(module)}
        return self._of_module[module].get((result.id.case, result.input_hash))

    def _read(self, module: str) -> Iterator[Case]:
        path = self._root / module
        # The name comes from a session's file, which may be somebody else's.
        if not path.resolve().is_relative_to(self._root.resolve()):
            return
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):  # it has moved, or is being written
            return
        for named in _named(tree):
            try:
                yield from (case for _, case in datasets.read(named, beside=path.parent, root=self._root))
            except LlmevalError:  # the suite's own run says what is wrong with it
                continue


def _named(tree: ast.Module) -> list[str]:
    """Return the files that a module names by ``cases=``: as text, or as a constant of the module."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "cases"]
    values = [
        value.value if isinstance(value, ast.Constant) else constants.get(value.id)
        for value in said
        if isinstance(value, (ast.Constant, ast.Name))
    ]
    return list(dict.fromkeys(value for value in values if isinstance(value, str)))

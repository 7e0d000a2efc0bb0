"""The files that a session can be written to: one table, for ``--llmeval-report`` and for ``llmeval export``.

Each is a function ``write(session, path)`` of a module beside this one, which makes folders, writes the file whole or
not at all, and raises ``LlmevalError``. It is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmeval.records import Session

    Write = Callable[[Session, Path], None]


class Kind(NamedTuple):
    """A kind of file.

    Args:
        module: which writes it, by its name in this package.
        file: its name, where nobody gives a path.
        is_whole: whether it needs every request and answer, as they stand in the session file.
        function: of the module, that writes it.
    """

    module: str
    file: str
    is_whole: bool = False
    function: str = "write"

    def write(self, session: Session, path: Path) -> None:
        """Write the session as such a file.

        Raises:
            LlmevalError: it cannot be written; an older file is as it was.
        """
        write = cast("Write", getattr(import_module(f"pytest_llmeval.exports.{self.module}"), self.function))
        write(session, path)


FILES = {
    "html": Kind("html", "llmeval.html", is_whole=True),
    "prom": Kind("prometheus", "llmeval.prom"),
}

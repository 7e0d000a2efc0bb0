"""Which files below the root a running Python reads, and on whose behalf: a module, a fixture, a test.

Only in a pytest that ``llmeval watch`` starts: an audit hook hears of every file that is opened, and cannot be taken
out again.
"""

from __future__ import annotations

import dis
import os
import sys
from collections import defaultdict
from functools import _lru_cache_wrapper, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.gather.dependencies import is_watched

if TYPE_CHECKING:
    from types import FrameType

_OURS = str(Path(__file__).parents[1]) + os.sep
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_MAKERS = ("__init__", "__new__", "__post_init__")
_WRITING = frozenset("wax+")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class Reads:
    """What was read, by the one who will not read it again.

    A module reads while it is imported, a function may keep what it read, a fixture of a wide scope reads for all tests
    that use it; only what is left was read by the test that runs. In doubt it is more tests: those are replayed.

    Args:
        root: of the project; what lies outside is not heard of.
        leave_out: name of the folders that recordings stand in.

    Attributes:
        by_module: of each module below the root, by its path; what its functions read and keep is among it.
        by_owner: of each test or fixture, by what ``owners`` held then.
        by_nobody: what hooks of the project read, for all tests as far as anybody can tell.
        written: what was opened to be written: a test's own output is not what it depends on.
        owners: who runs now; a test, and the fixtures of a wide scope that are set up for it.
    """

    def __init__(self, root: Path, leave_out: str) -> None:
        self.by_module: dict[str, set[str]] = defaultdict(set)
        self.by_owner: dict[object, set[str]] = defaultdict(set)
        self.by_nobody: set[str] = set()
        self.written: set[str] = set()
        self.owners: list[object] = []
        self._root = str(root) + os.sep
        self._leave_out = leave_out

    def listen(self) -> None:
        """Hear of every file that is opened, for as long as the process lives."""
        sys.addaudithook(self._hear)

    def below(self, path: str) -> str:
        """Return a path from the root; empty for one that is not watched."""
        if not path.startswith(self._root) or "\0" in path:
            return ""
        below = path[len(self._root) :]
        return below if is_watched(below, self._leave_out) else ""

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:  # Any: each event has its own
        if event != "open":
            return
        opened, mode, flags = args
        try:
            path = self.below(os.path.abspath(os.fsdecode(opened)))  # noqa: PTH100 - Path is slow, and opens are many
        except (OSError, TypeError, ValueError):
            return  # a number of an open file, or a folder that is gone; whoever opens it must not fail for us
        if not path:
            return
        if (mode and not _WRITING.isdisjoint(mode)) or (isinstance(flags, int) and flags & _WRITES):
            self.written.add(path)
        else:
            self._attribute(path, sys._getframe(1))  # noqa: SLF001 - inspect's own function walks the whole stack

    def _attribute(self, path: str, frame: FrameType | None) -> None:
        is_users = is_librarys = False
        while frame is not None:
            code = frame.f_code
            module = self.below(code.co_filename)
            if module:
                is_users = True
                # A library's own cache shows nowhere: what it has read for a module, it may keep for it.
                if is_librarys or code.co_name == "<module>" or _is_kept(frame):
                    self.by_module[module].add(path)
                    return
            elif not is_users and code.co_filename.startswith(_OURS):
                return  # our own reading of cases, prompts and recordings
            elif not is_users and not _LIBRARIES.isdisjoint(Path(code.co_filename).parts):
                is_librarys = True
            frame = frame.f_back
        for owner in self.owners:
            self.by_owner[owner].add(path)
        if is_users and not self.owners:
            self.by_nobody.add(path)


def _is_kept(frame: FrameType) -> bool:
    """Whether a function may keep what it reads: by functools, in a global or in an object."""
    code = frame.f_code
    first, *names = code.co_qualname.split(".")
    found = frame.f_globals.get(first)
    for name in names:
        # Not getattr, which may run code of the user's.
        found = vars(found).get(name) if isinstance(found, type) else None
    found = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    inner = found.func if isinstance(found, cached_property) else getattr(found, "__wrapped__", None)
    if isinstance(found, (cached_property, _lru_cache_wrapper)) and getattr(inner, "__code__", None) is code:
        return True
    operations = {one.opname for one in dis.get_instructions(code)}
    tables = (name for name in code.co_names if isinstance(frame.f_globals.get(name), dict))
    if "STORE_GLOBAL" in operations or ("STORE_SUBSCR" in operations and any(tables)):
        return True
    # Into an object that was there before: what is being made is as new as the test, or is kept by who makes it.
    return "STORE_ATTR" in operations and code.co_name not in _MAKERS

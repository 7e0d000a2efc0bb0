"""Where a baseline stands, and which files are its own.

A folder whose name begins with ``@`` inside of a baseline's folder is another baseline: ``baselines/@release``. No test
has such a folder, since ``@`` is escaped in the names that tests give.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn

from pytest_llmeval.errors import BaselineUnreadable, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED = "@"


def place(root: Path, said: Sequence[str]) -> Path:
    """Return a baseline's folder, made of what several sources say, the strongest first.

    Args:
        root: where relative paths start.
        said: a path each, or a name such as ``@release``: then the next path that a weaker source says is the folder
            it stands in. The last one is a path.

    Raises:
        UsageError: a name that is no name of a folder.
    """
    path = next(one for one in said if not one.startswith(NAMED))
    if said[0] == path:
        return root / path
    if not is_name(said[0]):
        raise UsageError(
            f"baseline {said[0]!r} is no name", hint=f"letters, digits, '.', '_' and '-', such as {NAMED}release"
        )
    return root / path / said[0]


def is_name(text: str) -> bool:
    """Whether a text names a baseline, ``@`` included."""
    return re.fullmatch(rf"{NAMED}\w[\w.-]*", text, re.ASCII) is not None


def names(folder: Path) -> list[str]:
    """Return the names of the baselines that stand in another one's folder, each with its ``@``, sorted."""
    try:
        return sorted(path.name for path in folder.iterdir() if is_name(path.name) and path.is_dir())
    except OSError:
        return []


def files(folder: Path) -> list[PurePosixPath]:
    """List the files of a baseline, by path within its folder, sorted; those of other baselines in it are not its own.

    Raises:
        BaselineUnreadable: the folder, or one in it, cannot be read.
    """
    from pytest_llmeval.store.baseline_file import SUFFIX

    def refuse(error: OSError) -> NoReturn:
        raise error

    found = []
    try:
        # Path.rglob would pass over a folder it may not open, and call its lines gone.
        for parent, folders, names_ in os.walk(folder, onerror=refuse):
            if Path(parent) == folder:
                folders[:] = [name for name in folders if not name.startswith(NAMED)]
            found += [Path(parent, name).relative_to(folder) for name in names_ if name.endswith(SUFFIX)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BaselineUnreadable(
            f"baseline folder {str(folder)!r} cannot be read", found=str(error), hint="name a folder you may read"
        ) from error
    return sorted(PurePosixPath(path) for path in found)

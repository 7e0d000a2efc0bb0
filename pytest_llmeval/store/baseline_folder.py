"""Where a baseline stands, and which files are its own.

A folder whose name begins with ``@`` inside of a baseline's folder is another baseline: ``baselines/@release``. No test
has such a folder, since ``@`` is escaped in the names that tests give.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import NoReturn

from pytest_llmeval.errors import BaselineUnreadable, UsageError

NAMED = "@"
DEFAULT = "baselines"


def place(root: Path, said: str, base: str | None = None) -> Path:
    """Return a baseline's folder.

    Args:
        root: where relative paths start.
        said: a path, or a name such as ``@release``.
        base: the folder that a name stands in, as the project's ini says it; by default, and where that is a name
            itself, ``baselines``.

    Raises:
        UsageError: a name that is no name of a folder.
    """
    if not said.startswith(NAMED):
        return root / said
    if not is_name(said):
        raise UsageError(f"baseline {said!r} is no name", hint=f"{NAMED} and letters, digits, '.', '_' and '-'")
    return root / (base if base and not base.startswith(NAMED) else DEFAULT) / said


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

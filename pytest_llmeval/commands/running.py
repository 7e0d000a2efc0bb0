"""Commands that run pytest: in a process of its own, as the user would, and then read the session that it left."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.commands.output import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Session


class Ran(NamedTuple):
    """What came of it: pytest's exit status, and the session; None where it stored none."""

    status: int
    session: Session | None


def run_pytest(
    found: Project, arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None
) -> Ran:
    """Run pytest on a project and wait for it; its output is the user's.

    Args:
        found: the project; its root is pytest's.
        arguments: of pytest.
        environment: variables beside those of this process.
        folder: where the session is left, if not where the project's are.
    """
    from pytest_llmeval.gather import session_file

    # Never "python -m pytest" as it is: that would put the current folder on the path of imports, as `pytest` does not.
    command = [sys.executable, "-P", "-m", "pytest", f"--rootdir={found.root}", *arguments]
    path = found.session_file(None) if folder is None else folder / "session.jsonl"
    before = _newest(path)
    say("running " + shlex.join(["pytest", *command[4:]]))
    sys.stdout.flush()
    done = subprocess.run(command, cwd=found.root, env={**os.environ, **environment}, check=False)  # noqa: S603 - ourselves
    is_new = _newest(path) not in (None, before)
    return Ran(done.returncode, session_file.read(path) if is_new else None)


def _newest(path: Path) -> bytes | None:
    """Return what tells the newest session from an older one: the line that holds its id."""
    try:
        with path.open("rb") as file:
            return file.readline()
    except OSError:
        return None

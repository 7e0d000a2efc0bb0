"""Which commit is tested: what git says of pytest's root."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def place_of(root: Path) -> tuple[str, str, str]:
    """Return commit and branch of the root, and where it lies in its repository; empty texts where there is none."""
    command = ["git", "rev-parse", "HEAD", "--abbrev-ref", "HEAD", "--show-prefix"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "", "", ""
    commit, branch, folder, *_ = [*done.stdout.splitlines(), "", "", ""]
    return commit, branch, folder

"""A command of ours, run in a process of its own, and what it printed: the pages say what the terminal says."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ENTRY = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"
ONE_AT_A_TIME = threading.Lock()
"""Two people who measure at once would write one test over the other's, and spend one budget twice."""

_PROPOSALS = ("change threshold ", "keep threshold ", "no threshold is proposed")


class Ran(NamedTuple):
    """What became of a command: its exit status, and all that it and pytest printed."""

    status: int
    output: str


def run(root: Path, arguments: Sequence[str]) -> Ran:
    """Run ``llmeval ...`` in a project's root, after whatever else runs there from these pages.

    Args:
        root: of the project.
        arguments: behind ``llmeval``.
    """
    # A terminal's width, and none of its colours: it is read in a browser.
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    with ONE_AT_A_TIME:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-c", _ENTRY, *arguments],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"))


def parts(ran: Ran, metric: str) -> tuple[str, str]:
    """Return what pytest printed, and what ``llmeval judge check`` said after it: its report, or why there is none.

    Args:
        ran: the command.
        metric: that was measured: the report begins with its name.
    """
    lines = ran.output.splitlines()
    head = "llmeval: " if ran.status else f"{metric}, version "
    start = next((place for place, line in reversed([*enumerate(lines)]) if line.startswith(head)), 0)
    return "\n".join(lines[:start]).strip(), "\n".join(lines[start:]).strip()


def proposals(report: str) -> list[str]:
    """Return what a report says that is to be done with a threshold, each with the lines of code it speaks of."""
    found: list[str] = []
    is_inside = False
    for line in report.splitlines():
        if line.startswith(_PROPOSALS):
            found.append(line)
        elif is_inside and line.startswith("  "):
            found[-1] += f"\n{line}"
        is_inside = line.startswith(_PROPOSALS) or (is_inside and line.startswith("  "))
    return found

"""Waiting for a change of files, or for the user: what ``llmeval watch`` does most of the time."""

from __future__ import annotations

import os
import select
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pytest_llmeval.commands.watch.tree import Signature, Tree

_PAUSE_S = 0.2
# A tree of many thousand files takes its time to look at; no more than this share of it all is spent on that.
_SHARE = 0.1


class Keyboard:
    """Standard input, line by line, for as long as there is any."""

    def __init__(self) -> None:
        self._is_open = sys.stdin is not None and not sys.stdin.closed

    @property
    def is_terminal(self) -> bool:
        """Whether a person can be asked."""
        return self._is_open and sys.stdin.isatty()

    def line(self, timeout_s: float) -> str | None:
        """Return the next line, or None where none comes in time; with no timeout (below 0) wait for it."""
        sys.stdout.flush()
        if not self._is_open:
            time.sleep(max(0.0, timeout_s))
            return None
        try:
            ready, _, _ = select.select([sys.stdin], [], [], None if timeout_s < 0 else timeout_s)
            # Not readline: what its buffer holds, select does not see.
            text = os.read(sys.stdin.fileno(), 4096) if ready else None
        except (OSError, ValueError):
            text = b""
        if text == b"":
            self._is_open = False
        return text.decode(errors="replace").strip() if text else None

    def forget(self) -> None:
        """Forget what was typed before now."""
        while self._is_open and self.line(0) is not None:
            pass


def wait(
    tree: Tree, then: Mapping[str, Signature], keyboard: Keyboard, matters: Callable[[Collection[str]], bool]
) -> tuple[Mapping[str, Signature], bool]:
    """Wait until a file that matters is another one, and stays so for a moment; or until a line is typed.

    Args:
        tree: of the project.
        then: its files as they were.
        keyboard: of the user.
        matters: whether something is to be run where these files changed. What does not matter, such as a log that
            grows all the time, is not waited for.

    Returns:
        The files as they are, and whether a line was typed.
    """
    before = then
    while True:
        began = time.monotonic()
        now = tree.look()
        # Somebody may still be writing.
        if matters(tree.changed(then, now)) and not matters(tree.changed(before, now)):
            return now, False
        before = now
        pause = max(_PAUSE_S, (time.monotonic() - began) * (1 - _SHARE) / _SHARE)
        if keyboard.line(pause) is not None:
            return tree.look(), True

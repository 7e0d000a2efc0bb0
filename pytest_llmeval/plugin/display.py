"""The live line on pytest's terminal; quiet in CI, in a pipe, and where the user asked for quiet."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmeval.exports.progress import LiveLine, Progress

if TYPE_CHECKING:
    import pytest

    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import CaseResult


class Display:
    """Draws while tests are waited for.

    Args:
        line: where to.
        state: knows what is in flight.
    """

    def __init__(self, line: LiveLine, state: State) -> None:
        self._line = line
        self._state = state
        self._progress = Progress()

    def note(self, result: CaseResult) -> None:
        """Count a result that has landed."""
        self._progress.note(result)

    def draw(self) -> None:
        """Show how things stand."""
        self._line.draw(self._progress.text(self._state.in_flight()))

    def erase(self) -> None:
        """Make way for what pytest prints."""
        self._line.erase()


def of(config: pytest.Config, state: State) -> Display | None:
    """Return a display, or None where nobody looks at a terminal."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    is_quiet = state.is_worker or os.environ.get("CI") or config.get_verbosity() < 0
    if reporter is None or is_quiet or not reporter.isatty or not reporter.hasmarkup:
        return None
    terminal = reporter._tw  # noqa: SLF001 - pytest offers width and column nowhere else

    def write(text: str) -> None:
        # Not by the terminal writer: it would count the columns.
        terminal._file.write(text)  # noqa: SLF001
        terminal.flush()

    return Display(LiveLine(write, lambda: int(terminal.fullwidth - terminal.width_of_current_line)), state)

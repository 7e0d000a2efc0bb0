"""``--llmeval-plan``: the tests are collected, what they would take is said, and nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_llmeval.plugin.state import State


class Planning:
    """Registered where a plan is asked for, in place of everything that runs a test.

    Args:
        state: of this process.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._lines: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_finish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Count what the collected tests would take (:hook:`pytest_collection_finish`)."""
        # pytest, which only collects here, would print every test.
        session.config.option.collectonly = False
        try:
            yield
        finally:
            session.config.option.collectonly = True
        if self._state.planned:
            from pytest_llmeval.plugin import forecasting

            self._lines = forecasting.describe(session, self._state)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it (:hook:`pytest_terminal_summary`)."""
        from pytest_llmeval.exports.inert import disarm, plain

        terminalreporter.write_sep("=", "llmeval plan")
        for line in self._lines or ["no LLM test was collected; nothing was run"]:
            terminalreporter.write_line(disarm(plain(line, limit=1_000)))


def begin(config: pytest.Config, state: State) -> None:
    """Let pytest collect the tests, in this process, and run none of them."""
    # Before xdist and others look: whoever obeys --collect-only starts no worker and writes no file.
    config.option.collectonly = True
    config.pluginmanager.register(Planning(state), "llmeval_planning")

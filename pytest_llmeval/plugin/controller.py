"""The hooks of the one process that gathers, decides and writes: xdist's controller, or the only one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.plugin import display, interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_llmeval.plugin.state import State


class Controller:
    """Registered once a test may bring a result: when workers start, or LLM tests have been collected.

    Args:
        state: this process's share of the session.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._disobey: Callable[[], None] | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Be ready to be stopped, and to show progress; under xdist a worker's first LLM test makes it so.

        (:hook:`pytest_runtestloop`)
        """
        if self._state.planned:
            self._obey_sigterm()
        self._state.display = display.of(session.config, self._state)

    def _obey_sigterm(self) -> None:
        if self._disobey is None:
            self._disobey = interruption.obey_sigterm()

    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show a test whose checks could not be scored as such, not as passed (:hook:`pytest_report_teststatus`)."""
        if "llmeval" in report.__dict__ and report.__dict__["llmeval"].get("is_unscored"):
            return "unscored", "u", ("UNSCORED", {"yellow": True})
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        """Take what rides on the report, whichever worker sent it (:hook:`pytest_runtest_logreport`)."""
        shown = self._state.display
        if shown is not None:
            shown.erase()
        if "llmeval" in report.__dict__:
            self._obey_sigterm()
            self._state.collect(report)
        result = yield
        if shown is not None and self._state.ledger is not None:
            shown.draw()
        return result

    def pytest_runtest_logstart(self) -> None:
        """Make way for the name of a test (:hook:`pytest_runtest_logstart`)."""
        if self._state.display is not None:
            self._state.display.erase()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Store, decide, export; then set the exit status (:hook:`pytest_sessionfinish`)."""
        option = session.config.option
        if not (self._state.is_idle or option.collectonly or session.config.getoption("setuponly", False)):
            from pytest_llmeval.plugin import finish

            finish.finish(session, self._state)

    def pytest_unconfigure(self) -> None:
        """Leave the process as it was (:hook:`pytest_unconfigure`)."""
        if self._disobey is not None:
            self._disobey()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict: pytest's own last line cannot know it (:hook:`pytest_terminal_summary`)."""
        if self._state.session is not None:
            from pytest_llmeval.plugin import finish

            finish.show(terminalreporter, self._state)

"""Scores in the file of pytest's own ``--junitxml``, as properties of their tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmeval.plugin.state import State


class ScoreProperties:
    """Registered in the controller, where that file is asked for.

    Args:
        state: of the controller.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add them to a test's last report, which is where junitxml looks (:hook:`pytest_runtest_logreport`)."""
        result = None if self._state.is_idle else self._state.collector.result(report.nodeid)
        if report.when == "teardown" and result is not None:
            from pytest_llmeval.exports.junit import properties

            report.user_properties += properties(result)

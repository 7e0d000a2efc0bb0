"""Hooks for users and other plugins, beside pytest's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.assertions.own import AnyMetric
    from pytest_llmeval.records import Session


@pytest.hookspec
def pytest_llmeval_session(config: pytest.Config, session: Session) -> None:
    """Receive the finished session, once, in the controller, after it is stored and before pytest exits.

    The verdict and the exit status are decided; whatever this hook does, or fails to do, cannot change them.

    Args:
        config: pytest's configuration.
        session: all results, summaries and the verdict.
    """


@pytest.hookspec
def pytest_llmeval_redact(text: str) -> str:  # type: ignore[empty-body] # a specification
    """Take personal data out of a text: of a request before anything else is done with it, of an answer likewise.

    What is returned is what is sent, stored, scored and shown, so live and replayed answers score alike. Every
    implementation is called, each with what the one before returned. Equal texts must give equal texts, or nothing
    that was recorded is found again. It is called in several threads, for every text of every request.

    Args:
        text: of one message, setting or answer.

    Returns:
        The text, changed or as it is.
    """


@pytest.hookspec
def pytest_llmeval_metrics() -> Sequence[AnyMetric]:  # type: ignore[empty-body] # a specification
    """Declare the metrics of a package, so that ``from pytest_llmeval import assert_NAME`` finds them.

    For a plug-in that others install; called when pytest starts, so that importing the plug-in imports nothing. In a
    ``conftest.py`` the decorator alone is enough.

    Returns:
        what ``@pytest_llmeval.metric`` made.
    """

"""Hooks for users and other plugins, beside pytest's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmeval.records import Session


@pytest.hookspec
def pytest_llmeval_session(config: pytest.Config, session: Session) -> None:
    """Receive the finished session, once, in the controller, after it is stored and before pytest exits.

    The verdict and the exit status are decided; whatever this hook does, or fails to do, cannot change them.

    Args:
        config: pytest's configuration.
        session: all results, summaries and the verdict.
    """

"""The fixtures ``llm``, ``llm_case``, ``llmeval`` and ``llmeval_loopback``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.plugin.state import STATE

if TYPE_CHECKING:
    from pytest_llmeval.calls.client import Client
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.loopback import Loopback
    from pytest_llmeval.records import Case


@pytest.fixture
def llm(request: pytest.FixtureRequest) -> Client:
    """Ask the model under test: ``llm("How do I get a refund?", system=PROMPT)`` returns a Response."""
    from pytest_llmeval.plugin import items

    state = request.config.stash[STATE]
    return state.backend.client(request.node, state.recorder_of(request.node), items.marked(request.node))


@pytest.fixture
def llm_case(request: pytest.FixtureRequest) -> Case:
    """The case of this run of the test, from ``@pytest.mark.llmeval(cases=...)``."""
    from pytest_llmeval.errors import UsageError

    case = getattr(request, "param", None)
    if case is None:
        raise UsageError(
            f"{request.node.nodeid!r} asks for llm_case and has no cases",
            hint='mark it: @pytest.mark.llmeval(cases="cases.jsonl")',
        )
    return case  # type: ignore[no-any-return] # set by our own parametrize


class Llmeval:
    """What a test may ask the plugin; the ``llmeval`` fixture."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @property
    def trial(self) -> int:
        """Index of the running trial, from 0."""
        return self._recorder.trial

    @contextmanager
    def raises(self, match: str = "") -> Iterator[None]:
        """Expect a failing check: inside, checks raise on the spot and are not part of the session.

        A check fails its test only at the end, so ``pytest.raises(AssertionError)`` around it sees nothing; this does.

        Args:
            match: a regular expression that the failure's message must contain.
        """
        from pytest_llmeval.gather import current

        with current.nobodys(), pytest.raises(AssertionError, match=match or None):
            yield


@pytest.fixture
def llmeval(request: pytest.FixtureRequest) -> Llmeval:
    """What a test may ask the plugin: ``llmeval.trial``, ``with llmeval.raises(): ...``."""
    return Llmeval(request.config.stash[STATE].recorder_of(request.node))


@pytest.fixture
def llmeval_loopback() -> Iterator[Loopback]:
    """A provider on loopback that answers as scripted, and can misbehave: for tests of your own application."""
    from pytest_llmeval.loopback import Loopback

    with Loopback() as server:
        yield server

"""Progress of a long session, pushed to the Pushgateway now and then; imported where one is named.

On a thread of its own, which looks at what has landed every so many seconds: a test has no part in it, and whatever
goes wrong there is a line at the end.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import pushgateway
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.plugin import checkout
from pytest_llmeval.records import Session

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from pytest_llmeval.plugin.state import State

_PATIENCE_S = 6.0  # a push is given up after 5 s
_LONGEST = 300


class ProgressPush:
    """Registered in the controller.

    Args:
        state: of the controller.
        root: whose branch the figures belong to.
    """

    def __init__(self, state: State, root: Path) -> None:
        self._state = state
        self._root = root
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None
        self._branch: str | None = None
        self._n_tried = self._n_failed = 0
        self._fault = ""
        self._is_up = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Begin to look (:hook:`pytest_runtestloop`)."""
        if not (session.config.option.collectonly or self._state.settings.plan):
            self._thread = threading.Thread(target=self._run, name="llmeval-progress", daemon=True)
            self._thread.start()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Stop before the session is put together, so that its own push is the last one (:hook:`pytest_sessionfinish`).

        It may have none, where it cannot be stored; so it is said here already that nothing runs any more.
        """
        self._is_over.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
            if self._is_up and not self._thread.is_alive():
                self._push(is_running=False)
        if self._n_failed:
            pushes = "1 push" if self._n_tried == 1 else f"{self._n_tried} pushes"
            self._state.closing_lines.append(f"llmeval: {self._n_failed} of {pushes} of progress failed: {self._fault}")
        return (yield)

    def _run(self) -> None:
        # The first one only after that time: a session that is shorter has nothing to tell but its end.
        while not self._is_over.wait(self._state.settings.push_every_s):
            if "collector" in self._state.__dict__ and not self._state.collector.is_empty:
                self._push(is_running=True)

    def _push(self, *, is_running: bool) -> None:
        collector = self._state.collector
        self._n_tried += 1
        try:
            if self._branch is None:
                _, self._branch, _ = checkout.place_of(self._root)
            results, tenant = collector.results(), self._state.settings.tenant
            pushgateway.push_progress(
                Session(id="", started_at="", branch=self._branch, results=results, settings={"tenant": tenant}),
                self._state.settings.pushgateway,
                # Some show only while they run that they are LLM tests.
                n_planned=max(collector.n_planned, len(results)),
                at_s=time.time(),
                is_running=is_running,
            )
        except Exception as error:  # noqa: BLE001 - a test may have forbidden sockets: nothing here may end the run
            self._n_failed += 1
            self._is_up = False
            what = (
                f"{error.what}; {error.found}"
                if isinstance(error, LlmevalError)
                else f"{type(error).__name__}: {error}"
            )
            self._fault = plain(what, limit=_LONGEST)
        else:
            self._is_up = True

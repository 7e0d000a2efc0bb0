"""What the plug-in does at each hook of ``asleep`` once it is awake, in the order in which pytest calls them.

Each delegates. Hooks around items and reports are registered only once a test may need them.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

from pytest_llmeval import options
from pytest_llmeval.plugin.fixtures import is_llm_test
from pytest_llmeval.plugin.state import STATE, State

STARTED = "llmeval_started_s"
BASE = "llmeval_base"


def wake(config: pytest.Config) -> None:
    """Declare our own hooks; resolve the settings: a wrong one stops the run at once."""
    from pytest_llmeval import hookspecs

    config.pluginmanager.add_hookspecs(hookspecs)
    # Set by the controller for its workers; absent in the controller, and without xdist.
    worker_input = getattr(config, "workerinput", {})
    state = config.stash[STATE] = State(
        config,
        is_worker=bool(worker_input),
        started_s=worker_input.get(STARTED, time.time()),
        n_processes=worker_input.get("workercount", 1),
    )
    if config.hook.pytest_llmeval_metrics.get_hookimpls():
        _declare(config)
    # Where it wakes early, registered before pytest's own search for garbage at the end, and so obeyed after it.
    config.add_cleanup(state.thaw)
    if state.settings.plan and not state.is_worker:
        from pytest_llmeval.plugin import planning

        planning.begin(config, state)
    if state.settings.shard is not None:
        from pytest_llmeval.plugin import sharding

        state.sharding = sharding.begin(config, state)
    if worker_input.get(BASE):
        from pytest_llmeval.plugin import base

        base.obey(state, worker_input[BASE])
    if os.environ.get(options.ONLY):
        from pytest_llmeval.plugin.only import Only

        config.pluginmanager.register(Only(), "llmeval_only")
    if state.is_asked and not state.is_worker:
        _listen(config, state)


def start(session: pytest.Session) -> None:
    """Read baseline and cache before anything is spent, once: a malformed one is exit 4."""
    config, state = session.config, session.config.stash[STATE]
    if state.is_started or _runs_nothing(config):
        return
    state.is_started = True
    if not state.is_worker:
        if may_have_base(state):
            from pytest_llmeval.plugin import base

            base.meet(config, state)
            if state.is_asked:
                _listen(config, state)
        state.read_stores()
        if state.settings.purse:
            from pytest_llmeval.plugin import spending

            spending.begin(state.settings)
    if state.is_worker or not config.getoption("numprocesses", None):
        state.prepare(config.args)


def leave_out(item: pytest.Item) -> None:
    """Count an LLM test that the user left out: a selection is no whole session."""
    item.config.stash[STATE].n_deselected += is_llm_test(item)


def configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's, which may not be installed
    """Tell a worker of xdist what the controller knows, and listen to what it says."""
    state = node.config.stash[STATE]
    node.workerinput[STARTED] = state.started_s
    node.workerinput[options.PURSE] = state.settings.purse
    if state.base is not None or state.is_fork:
        from pytest_llmeval.plugin import base

        node.workerinput[BASE] = base.sent(state)
    _listen(node.config, state)
    if state.ledger is None:
        from pytest_llmeval.plugin.ledger import Ledger

        state.ledger = Ledger(node.config, state)
        node.config.pluginmanager.register(state.ledger, "llmeval_ledger")


def generate_tests(metafunc: pytest.Metafunc, *, is_marked: bool) -> None:
    """Make one test of each case, in each of several variants; those of the settings need no marker."""
    if is_marked or metafunc.config.stash[STATE].settings.variants:
        from pytest_llmeval.plugin import parametrizing

        parametrizing.parametrize(metafunc)


def begin(session: pytest.Session) -> None:
    """Make the plan of all collected tests; where one may call or check something, take part in the run.

    A test that checks only in a function it calls is not in the plan, but what it calls has been imported by now.
    """
    config, state = session.config, session.config.stash[STATE]
    if config.pluginmanager.has_plugin("llmeval_around"):
        return  # pytest -f says twice that all are collected
    state.plan(session.items)
    if not (state.planned or state.intercepts or "pytest_llmeval.assertions" in sys.modules):
        return
    if not state.is_worker:
        _listen(config, state)
    if not (config.option.collectonly or state.settings.plan):
        from pytest_llmeval.plugin import flight

        flight.take_part(config, state)
        state.freeze()


def end(session: pytest.Session) -> None:
    """In every process: stop the engine; a worker's last word is the plan, where no report has carried it."""
    state = session.config.stash[STATE]
    if state.is_worker:
        from pytest_llmeval.plugin import workers

        workers.send_plan(session.config, state.take_plan())
    state.close()


def may_have_base(state: State) -> bool:
    """Whether a base commit has a say; not in the pytest that we ourselves start on the base version."""
    is_asked = state.settings.gate != "off" or state.settings.confirm
    is_pull_request = any(os.environ.get(sign) for sign in (*options.PULL_REQUEST_SIGNS, "LLMEVAL_FORK"))
    return (is_asked or is_pull_request) and not os.environ.get(options.ONLY)


def _listen(config: pytest.Config, state: State) -> None:
    """In the one process that gathers, decides and writes: take what comes in on the reports."""
    if not config.pluginmanager.has_plugin("llmeval_controller"):
        from pytest_llmeval.plugin.controller import Controller

        config.pluginmanager.register(Controller(state), "llmeval_controller")
        if config.getoption("xmlpath", None):
            from pytest_llmeval.plugin.junit import ScoreProperties

            config.pluginmanager.register(ScoreProperties(state), "llmeval_junit")
        # Of shards nobody would know whose progress it is.
        if state.settings.pushgateway and state.settings.shard is None:
            from pytest_llmeval.plugin.pushing import ProgressPush

            config.pluginmanager.register(ProgressPush(state, config.rootpath), "llmeval_pushing")


def _declare(config: pytest.Config) -> None:
    """Let the metrics of other plug-ins be found by name."""
    from pytest_llmeval.assertions import declared
    from pytest_llmeval.errors import UsageError

    try:
        for metrics in config.hook.pytest_llmeval_metrics():
            declared.declare_all(metrics)
    except UsageError as error:
        raise pytest.UsageError(f"llmeval: {error}") from None


def _runs_nothing(config: pytest.Config) -> bool:
    """Whether pytest was asked to show what it would do: --collect-only, --setup-only, --setup-plan."""
    return bool(config.option.collectonly or config.getoption("setuponly", False))

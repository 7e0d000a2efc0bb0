"""All that knows pytest: hooks that delegate, in the order in which pytest calls them.

Imported by every pytest run of everybody who has installed the package, so it imports next to nothing, and hooks
around items and reports are registered only once a test may need them.
"""

from __future__ import annotations

import os
import sys
import time
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence


class _OwnModules:
    """Import the modules of this package as Python does, past the hook that rewrites a plug-in's asserts.

    There is none in them. Its way costs a replayed run a tenth of its time; and where it cannot store what it has
    rewritten (``PYTHONDONTWRITEBYTECODE``, a read-only or fresh environment) it compiles a hundred files at each start.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Find a module of ours; leave all others to the finders behind this one."""
        del target  # reload() gives it, and a plain file does not need it
        return PathFinder.find_spec(name, path) if name.startswith("pytest_llmeval.") else None


sys.meta_path.insert(0, _OwnModules)

from pytest_llmeval import options  # noqa: E402 - found as it says above
from pytest_llmeval.plugin.fixtures import (  # noqa: E402
    is_llm_test,
    llm,
    llm_case,
    llm_variant,
    llmeval,
    llmeval_intercept,
    llmeval_loopback,
)
from pytest_llmeval.plugin.state import STATE, State  # noqa: E402

STARTED = "llmeval_started_s"
BASE = "llmeval_base"
ONLY = options.ONLY
# One of them is set in every pull request that tells itself; a look at them costs a foreign suite nothing.
PULL_REQUEST_SIGNS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "LLMEVAL_FORK")

__all__ = ["llm", "llm_case", "llm_variant", "llmeval", "llmeval_intercept", "llmeval_loopback"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare flags and ini keys (:hook:`pytest_addoption`)."""
    options.declare(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare our own hooks (:hook:`pytest_addhooks`)."""
    from pytest_llmeval import hookspecs

    pluginmanager.add_hookspecs(hookspecs)
    declared = sys.modules.get("pytest_llmeval.assertions.declared")
    if declared is not None:  # a pytest within a pytest: their metrics may have the same names
        declared.begin_session()


def pytest_configure(config: pytest.Config) -> None:
    """Resolve the settings, where one was made: a wrong one stops the run at once (:hook:`pytest_configure`)."""
    names = "cases, tags, trials, suite, model, api_base, eager, variants, intercept"
    config.addinivalue_line("markers", f"llmeval({names}): an LLM test")
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
    # Registered before pytest's own search for garbage at the end, and so obeyed after it.
    config.add_cleanup(state.thaw)
    if state.is_told and state.settings.plan and not state.is_worker:
        from pytest_llmeval.plugin import planning

        planning.begin(config, state)
    if state.is_told and state.settings.shard is not None:
        from pytest_llmeval.plugin import sharding

        state.sharding = sharding.begin(config, state)
    if worker_input.get(BASE):
        from pytest_llmeval.plugin import base

        base.obey(state, worker_input[BASE])
    if os.environ.get(ONLY):
        from pytest_llmeval.plugin.only import Only

        config.pluginmanager.register(Only(), "llmeval_only")
    if state.is_asked and not state.is_worker:
        _listen(config, state)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read baseline and cache before anything is spent: a malformed one is exit 4 (:hook:`pytest_sessionstart`)."""
    config, state = session.config, session.config.stash[STATE]
    if _runs_nothing(config):
        return
    if not state.is_worker:
        if may_have_base(state):
            from pytest_llmeval.plugin import base

            base.meet(config, state)
            if state.is_asked:
                _listen(config, state)
        state.read_stores()
        if state.is_told and state.settings.purse:
            from pytest_llmeval.plugin import spending

            spending.begin(state.settings)
    if state.is_worker or not config.getoption("numprocesses", None):
        state.prepare(config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's, which may not be installed
    """Tell a worker of xdist what the controller knows, and listen to what it says (:hook:`pytest_configure_node`)."""
    state = node.config.stash[STATE]
    node.workerinput[STARTED] = state.started_s
    node.workerinput[options.PURSE] = state.settings.purse if state.is_told else ""
    if state.base is not None or state.is_fork:
        from pytest_llmeval.plugin import base

        node.workerinput[BASE] = base.sent(state)
    _listen(node.config, state)
    if state.ledger is None:
        from pytest_llmeval.plugin.ledger import Ledger

        state.ledger = Ledger(node.config, state)
        node.config.pluginmanager.register(state.ledger, "llmeval_ledger")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case of ``cases=``, in each of several variants (:hook:`pytest_generate_tests`)."""
    state = metafunc.config.stash[STATE]
    has_variants = state.is_told and bool(state.settings.variants)
    if has_variants or metafunc.definition.get_closest_marker("llmeval") is not None:
        from pytest_llmeval.plugin import parametrizing

        parametrizing.parametrize(metafunc)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the LLM tests that the user left out: a selection is no whole session (:hook:`pytest_deselected`)."""
    for item in items:
        item.config.stash[STATE].n_deselected += is_llm_test(item)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the plan; where a test may call or check something, take part in the run (:hook:`pytest_collection_finish`).

    A test that checks only in a function it calls is not in the plan, but what it calls has been imported by now.
    """
    config, state = session.config, session.config.stash[STATE]
    state.plan(session.items)
    if not (state.planned or state.intercepts or "pytest_llmeval.assertions" in sys.modules):
        return
    if not state.is_worker:
        _listen(config, state)
    if not (config.option.collectonly or state.settings.plan):
        from pytest_llmeval.plugin import flight

        flight.take_part(config, state)
        state.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In every process: stop the engine (:hook:`pytest_sessionfinish`)."""
    session.config.stash[STATE].close()


def may_have_base(state: State) -> bool:
    """Whether a base commit has a say; not in the pytest that we ourselves start on the base version."""
    is_asked = state.is_told and (state.settings.gate != "off" or state.settings.confirm)
    is_pull_request = any(os.environ.get(sign) for sign in PULL_REQUEST_SIGNS)
    return (is_asked or is_pull_request) and not os.environ.get(ONLY)


def _listen(config: pytest.Config, state: State) -> None:
    """In the one process that gathers, decides and writes: take what comes in on the reports."""
    if not config.pluginmanager.has_plugin("llmeval_controller"):
        from pytest_llmeval.plugin.controller import Controller

        config.pluginmanager.register(Controller(state), "llmeval_controller")
        if config.getoption("xmlpath", None):
            from pytest_llmeval.plugin.junit import ScoreProperties

            config.pluginmanager.register(ScoreProperties(state), "llmeval_junit")
        # Of shards nobody would know whose progress it is.
        if state.is_told and state.settings.pushgateway and state.settings.shard is None:
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

"""What every run of pytest pays for, once this package is installed: a look whether there is anything to do.

The plug-in sleeps until an option of ours, an implementation of one of our hooks, a worker of xdist or an LLM test
shows itself. Then it wakes: the rest of it (``hooks``) is imported and registered, and the options are declared.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.options import says_something
from pytest_llmeval.plugin.fixtures import shows_itself

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

AWAKE = "llmeval_hooks"
OWN_HOOKS = ("pytest_llmeval_session", "pytest_llmeval_redact", "pytest_llmeval_metrics")
_PARSER = pytest.StashKey[pytest.Parser]()
_DESELECTED = pytest.StashKey[list[pytest.Item]]()


def wake(config: pytest.Config) -> ModuleType:
    """Return the rest of the plug-in, which from now on takes part in this run of pytest."""
    from pytest_llmeval.plugin import OwnModules

    if OwnModules not in sys.meta_path:
        sys.meta_path.insert(0, OwnModules)
    from pytest_llmeval.plugin import hooks

    if not config.pluginmanager.has_plugin(AWAKE):
        from pytest_llmeval.options import table

        table.declare(config.stash[_PARSER])
        config.pluginmanager.register(hooks, AWAKE)
        session = config.pluginmanager.get_plugin("session")
        if session is not None:
            hooks.pytest_sessionstart(session)
    return hooks


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare flags and ini keys where one of them is used, or help is asked for (:hook:`pytest_addoption`)."""
    config = _config_of(pluginmanager)
    config.stash[_PARSER] = parser
    declared = sys.modules.get("pytest_llmeval.assertions.declared")
    if declared is not None:  # a pytest within a pytest: their metrics may have the same names
        declared.begin_session()
    if says_something(config):
        wake(config)


def pytest_plugin_registered(manager: pytest.PytestPluginManager) -> None:
    """Wake for whoever implements a hook of ours (:hook:`pytest_plugin_registered`)."""
    if any(map(vars(manager.hook).__contains__, OWN_HOOKS)) and not manager.has_plugin(AWAKE):
        wake(_config_of(manager))


def _config_of(manager: pytest.PytestPluginManager) -> pytest.Config:
    config: Any = manager.get_plugin("pytestconfig")  # registered before any other plug-in
    return config  # type: ignore[no-any-return] # pytest's own promise


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker (:hook:`pytest_configure`)."""
    names = "cases, tags, trials, suite, model, api_base, eager, variants, intercept"
    config.addinivalue_line("markers", f"llmeval({names}): an LLM test")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's, which may not be installed
    """Wake in the controller of xdist: a worker may meet an LLM test (:hook:`pytest_configure_node`)."""
    wake(node.config).configure_node(node)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case of ``cases=``, in each of several variants (:hook:`pytest_generate_tests`)."""
    config = metafunc.config
    is_marked = metafunc.definition.get_closest_marker("llmeval") is not None
    if is_marked or config.pluginmanager.has_plugin(AWAKE):
        wake(config).generate_tests(metafunc, is_marked=is_marked)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note what the user left out, for the case that an LLM test shows itself (:hook:`pytest_deselected`)."""
    if items and not items[0].config.pluginmanager.has_plugin(AWAKE):
        items[0].config.stash.setdefault(_DESELECTED, []).extend(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Wake where an LLM test was collected, and begin (:hook:`pytest_collection_finish`).

    A test that checks only in a function it calls does not show itself, but what it calls has been imported by now.
    """
    config = session.config
    left_out = config.stash.get(_DESELECTED, [])
    is_awake = config.pluginmanager.has_plugin(AWAKE)
    if is_awake or "pytest_llmeval.assertions" in sys.modules or shows_itself(session.items):
        hooks = wake(config)
        hooks.pytest_deselected(left_out)
        hooks.begin(session)
    left_out.clear()

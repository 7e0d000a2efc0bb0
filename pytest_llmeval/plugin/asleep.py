"""What every run of pytest pays for, once this package is installed: a look whether there is anything to do.

The plug-in sleeps until an option of ours, an implementation of one of our hooks, a worker of xdist or an LLM test
shows itself. Then it wakes: options and hooks are declared, and ``hooks`` has a part in this run.

Options are looked for three times, because each is said at its own time: before conftest.py is read (command line, ini,
environment), after it (what it, or a plug-in, has added to them), and when pytest is configured.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.options import is_fork, is_in_files, is_named, is_set
from pytest_llmeval.plugin.fixtures import shows_itself

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import ModuleType

OWN_HOOKS = ("pytest_llmeval_session", "pytest_llmeval_redact", "pytest_llmeval_metrics")


class _Sleep:
    """What is known of one run of pytest.

    Attributes:
        parser: of pytest; None once the options are declared.
        is_configured: whether pytest is, so that nobody will look again.
        hooks: the rest of the plug-in; None while it sleeps.
        left_out: the tests that were deselected meanwhile.
        fault: why it could not wake.
    """

    def __init__(self, parser: pytest.Parser) -> None:
        self.parser: pytest.Parser | None = parser
        self.is_configured = False
        self.hooks: ModuleType | None = None
        self.left_out: list[pytest.Item] = []
        self.fault: Exception | None = None


_SLEEP = pytest.StashKey[_Sleep]()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare flags and ini keys where one of them is used, or help is asked for (:hook:`pytest_addoption`)."""
    config = _config_of(pluginmanager)
    config.stash[_SLEEP] = _Sleep(parser)
    metrics = sys.modules.get("pytest_llmeval.assertions.declared")
    if metrics is not None:  # a pytest within a pytest: their metrics may have the same names
        metrics.begin_session()
    arguments = [*config.invocation_params.args, *os.environ.get("PYTEST_ADDOPTS", "").split()]
    if is_named(arguments) or is_set(config) or is_in_files(config):
        _declare_options(config)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, object, object]:
    """Look again at what ``conftest.py`` and other plug-ins have added (:hook:`pytest_load_initial_conftests`)."""
    result = yield
    if is_named(args) or is_set(early_config):
        _declare_options(early_config)
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; wake, where anything has been said (:hook:`pytest_configure`)."""
    names = "cases, tags, trials, suite, model, api_base, eager, variants, intercept"
    config.addinivalue_line("markers", f"llmeval({names}): an LLM test")
    sleep = config.stash[_SLEEP]
    sleep.is_configured = True
    if sleep.parser is None or is_set(config) or _is_implemented(config.pluginmanager) or is_fork():
        _wake(config)


def pytest_plugin_registered(manager: pytest.PytestPluginManager) -> None:
    """Wake for whoever implements a hook of ours later on (:hook:`pytest_plugin_registered`)."""
    if _is_implemented(manager):
        config = _config_of(manager)
        if config.stash[_SLEEP].is_configured:
            _wake(config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read what is stored before anything is spent (:hook:`pytest_sessionstart`)."""
    if session.config.stash[_SLEEP].hooks is not None:
        _begun(session)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's, which may not be installed
    """Wake in the controller of xdist: a worker may meet an LLM test (:hook:`pytest_configure_node`)."""
    _begun(node.config.pluginmanager.get_plugin("session")).configure_node(node)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case of ``cases=``, in each of several variants (:hook:`pytest_generate_tests`)."""
    sleep = metafunc.config.stash[_SLEEP]
    is_marked = metafunc.definition.get_closest_marker("llmeval") is not None
    if sleep.fault is None and (is_marked or sleep.hooks is not None):
        _begun(metafunc.definition.session).generate_tests(metafunc, is_marked=is_marked)


def pytest_deselected(items: Iterable[pytest.Item]) -> None:
    """Note the tests that the user left out: some may be LLM tests (:hook:`pytest_deselected`)."""
    for item in items:
        sleep = item.config.stash[_SLEEP]
        if sleep.hooks is None:
            sleep.left_out.append(item)
        else:
            sleep.hooks.leave_out(item)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Wake where an LLM test was collected, and begin (:hook:`pytest_collection_finish`).

    A test that checks only in a function it calls does not show itself, but what it calls has been imported by now.
    """
    sleep = session.config.stash[_SLEEP]
    left_out, sleep.left_out = sleep.left_out, []
    if sleep.fault is not None and not isinstance(sleep.fault, pytest.UsageError):
        return  # pytest has said so of the module that it met it in
    if sleep.hooks or sleep.fault or "pytest_llmeval.assertions" in sys.modules or shows_itself(session.items):
        hooks = _begun(session)
        for item in left_out:
            hooks.leave_out(item)
        hooks.begin(session)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In every process: stop the engine (:hook:`pytest_sessionfinish`)."""
    hooks = session.config.stash[_SLEEP].hooks
    if hooks is not None:
        hooks.end(session)


def _begun(session: pytest.Session) -> ModuleType:
    """Return the rest of the plug-in, awake, in a session that has begun; errors as of ``_wake``."""
    hooks = _wake(session.config)
    try:
        hooks.start(session)
    except pytest.UsageError as error:
        session.config.stash[_SLEEP].fault = error
        raise
    return hooks


def _wake(config: pytest.Config) -> ModuleType:
    """Return the rest of the plug-in, which from now on takes part in this run of pytest.

    Raises:
        pytest.UsageError: a setting is wrong. While tests are collected pytest takes that for an error of a module, so
            it is raised again when all are collected, and ends the run.
    """
    sleep = config.stash[_SLEEP]
    if sleep.fault is not None:
        raise sleep.fault
    if sleep.hooks is None:
        from pytest_llmeval.plugin import OwnModules

        OwnModules.begin()
        from pytest_llmeval.plugin import hooks

        sleep.hooks = hooks  # first, since what it registers makes pytest ask again
        try:
            _declare_options(config)
            hooks.wake(config)
        except Exception as error:
            sleep.hooks, sleep.fault = None, error
            raise
    return sleep.hooks


def _declare_options(config: pytest.Config) -> None:
    sleep = config.stash[_SLEEP]
    if sleep.parser is not None:
        from pytest_llmeval.options import table

        table.declare(sleep.parser)
        sleep.parser = None


def _is_implemented(manager: pytest.PytestPluginManager) -> bool:
    return any(map(vars(manager.hook).__contains__, OWN_HOOKS))


def _config_of(manager: pytest.PytestPluginManager) -> pytest.Config:
    config: Any = manager.get_plugin("pytestconfig")  # registered before any other plug-in
    return config  # type: ignore[no-any-return] # pytest's own promise

"""All that knows pytest: hooks that delegate, in the order in which pytest calls them.

Imported by every pytest run of everybody who has installed the package, so it imports next to nothing; what a hook
needs it imports when an LLM test is there.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval import options
from pytest_llmeval.gather import current
from pytest_llmeval.plugin.fixtures import llm, llm_case, llmeval, llmeval_loopback
from pytest_llmeval.plugin.state import RECORDER, STATE, State, is_llm_test

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from types import ModuleType

STARTED = "llmeval_started_s"

__all__ = ["llm", "llm_case", "llmeval", "llmeval_loopback"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare flags and ini keys (:hook:`pytest_addoption`)."""
    options.declare(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare our own hooks (:hook:`pytest_addhooks`)."""
    from pytest_llmeval import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Resolve the settings, so that a wrong one stops the run before it starts (:hook:`pytest_configure`)."""
    config.addinivalue_line("markers", "llmeval(cases, trials, suite, model, api_base, eager): an LLM test")
    # Set by the controller for its workers; absent in the controller, and without xdist.
    worker_input = getattr(config, "workerinput", {})
    state = config.stash[STATE] = State(
        options.resolve(config), is_worker=bool(worker_input), started_s=worker_input.get(STARTED, time.time())
    )
    if not state.is_worker:
        config.pluginmanager.register(Controller(state), "llmeval_controller")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case of ``cases=`` (:hook:`pytest_generate_tests`)."""
    if metafunc.definition.get_closest_marker("llmeval") is not None:
        from pytest_llmeval.plugin import items

        items.parametrize(metafunc)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the LLM tests that the user left out: a selection is no whole session (:hook:`pytest_deselected`)."""
    for item in items:
        item.config.stash[STATE].n_deselected += is_llm_test(item)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the plan; where cases have several trials, take over their protocol (:hook:`pytest_collection_finish`)."""
    state = session.config.stash[STATE]
    state.plan(session.items)
    if any(planned.n_trials > 1 for planned in state.planned.values()):
        from pytest_llmeval.plugin import trials

        session.config.pluginmanager.register(trials, "llmeval_trials")


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Make the item's recorder findable from anywhere in the user's code (:hook:`pytest_runtest_protocol`)."""
    current.begin(partial(item.config.stash[STATE].recorder_of, item))
    try:
        return (yield)
    finally:
        current.end()
        # pytest keeps every item to the end of the session; what has ridden home need not stay with it.
        if RECORDER in item.stash:
            del item.stash[RECORDER]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin again where another plugin reruns the item: only its last run counts (:hook:`pytest_runtest_setup`)."""
    fault = item.config.stash[STATE].faults.get(item.nodeid)
    if fault is not None:
        raise fault
    recorder = item.stash.get(RECORDER, None)
    if recorder is not None and recorder.n_trials == 1:
        recorder.start_trial(0)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    """A check in a wide fixture is of no case: which test meets it first depends on the workers.

    It raises where it stands, and is not recorded (:hook:`pytest_fixture_setup`).
    """
    if fixturedef.scope == "function":
        return (yield)
    with current.nobodys():
        return (yield)


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """The test's checks have been judged: one in a fixture's end raises there (:hook:`pytest_runtest_teardown`)."""
    with current.nobodys():
        return (yield)


@pytest.hookimpl(trylast=True, wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Innermost: after the body, fail the test for its failing checks (:hook:`pytest_runtest_call`)."""
    __tracebackhide__ = True
    try:
        result = yield
    except BaseException as error:
        if RECORDER in item.stash and _landing().land_error(item, error):
            return None
        raise
    if RECORDER in item.stash:
        _landing().land(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let scores and plan ride on the report, which outlives a worker (:hook:`pytest_runtest_makereport`)."""
    report = yield
    if RECORDER in item.stash or item.nodeid in item.config.stash[STATE].planned:
        if call.when == "setup" and call.excinfo is not None:
            _landing().note_setup_error(item, call.excinfo.value)
        _landing().attach(item, report)
    return report


def _landing() -> ModuleType:
    from pytest_llmeval.plugin import landing

    return landing


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show a test whose checks could not be scored as such, not as passed (:hook:`pytest_report_teststatus`)."""
    if getattr(report, "llmeval", {}).get("is_unscored"):
        return "unscored", "u", ("UNSCORED", {"yellow": True})
    return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In every process: stop the engine (:hook:`pytest_sessionfinish`)."""
    session.config.stash[STATE].close()


def _runs_nothing(config: pytest.Config) -> bool:
    """Whether pytest was asked to show what it would do: --collect-only, --setup-only, --setup-plan."""
    return bool(config.option.collectonly or config.getoption("setuponly", False))


class Controller:
    """The hooks of the one process that gathers, decides and writes: xdist's controller, or the only one."""

    def __init__(self, state: State) -> None:
        self._state = state

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Read baseline and cache before anything is spent: a malformed one is exit 4 (:hook:`pytest_sessionstart`)."""
        if not _runs_nothing(session.config):
            self._state.read_stores()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist's, which may not be installed
        """Tell a worker of xdist when the session began (:hook:`pytest_configure_node`)."""
        node.workerinput[STARTED] = self._state.started_s

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what rides on the report, whichever worker sent it (:hook:`pytest_runtest_logreport`)."""
        if hasattr(report, "llmeval"):
            self._state.collect(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Store, decide, export; then set the exit status (:hook:`pytest_sessionfinish`)."""
        if not self._state.is_idle and not _runs_nothing(session.config):
            from pytest_llmeval.plugin import finish

            finish.finish(session, self._state)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict: pytest's own last line cannot know it (:hook:`pytest_terminal_summary`)."""
        if self._state.session is not None:
            from pytest_llmeval.plugin import finish

            finish.show(terminalreporter, self._state)

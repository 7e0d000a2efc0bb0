"""Which tests must wait for their own checks: where a report that comes later would break another plug-in's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.plugin import workers

if TYPE_CHECKING:
    import pytest

RERUN = "a test that pytest-rerunfailures may run again is not drawn again: it must see the outcome of each run"
_PROTOCOL_OWNERS = ("_pytest.", "pytest_llmeval.", "pytest_rerunfailures")


def reason(config: pytest.Config) -> str:
    """Say why every test of this run waits for its own checks; an empty text where none must.

    Asked at the first LLM test, because plug-ins register late.
    """
    option = config.option
    if getattr(option, "usepdb", False) or getattr(option, "trace", False):
        return "a debugger was asked for (--pdb, --trace)"
    if any(getattr(option, name, False) for name in ("setupshow", "setuponly", "setupplan")):
        return "set-up is to be shown (--setup-show)"
    if config.pluginmanager.has_plugin("allure_listener"):
        return "allure-pytest closes a test's result when its body ends"
    foreign = _foreign_protocol(config)
    if foreign:
        return f"{foreign} runs the tests in its own way"
    if workers.is_worker(config) and workers.interactor(config) is None:
        return "this version of pytest-xdist is not known"
    return ""


def _foreign_protocol(config: pytest.Config) -> str:
    """Name a plug-in that runs items itself; ours, running them first, would switch it off in silence."""
    for hook in config.hook.pytest_runtest_protocol.get_hookimpls():
        is_wrapper = hook.hookwrapper or hook.wrapper
        if not is_wrapper and not (hook.function.__module__ or "").startswith(_PROTOCOL_OWNERS):
            return str(hook.plugin_name)
    return ""


def is_rerun(item: pytest.Item) -> bool:
    """Whether pytest-rerunfailures may run the item again: it must see the outcome of each run."""
    reruns = getattr(item.config.option, "reruns", None)
    return bool(reruns) or item.get_closest_marker("flaky") is not None

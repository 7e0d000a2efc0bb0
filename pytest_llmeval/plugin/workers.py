"""The one door to pytest-xdist: what a worker must know to report a test that is not the one it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

DROPPED = "llmeval_dropped"
SHARD = "llmeval_shard"
PLAN = "llmeval_plan"


def interactor(config: pytest.Config) -> Any:  # noqa: ANN401 - xdist's own, which has no public type
    """Return xdist's plug-in in this worker; None in any other process, or where xdist has changed it."""
    if not is_worker(config):
        return None
    wanted = ("sendevent", "torun", "item_index")
    for plugin in config.pluginmanager.get_plugins():
        if all(hasattr(plugin, name) for name in wanted):
            return plugin
    return None


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of xdist."""
    return hasattr(config, "workerinput")


@contextmanager
def reporting(worker: Any, index: int | None) -> Iterator[None]:  # noqa: ANN401 - as above
    """Let xdist take the reports inside for those of another item than the running one.

    It puts the number of the item it runs on each report, and compares the two.

    Args:
        worker: the interactor; None outside a worker.
        index: number of the item that is reported.
    """
    if worker is None or index is None:
        yield
        return
    running, worker.item_index = worker.item_index, index
    try:
        yield
    finally:
        worker.item_index = running


def send_dropped(config: pytest.Config, nodeids: Sequence[str]) -> None:
    """Tell the controller, with the worker's last word, which tests had run and are not reported."""
    _send(config, DROPPED, list(nodeids))


def send_shard(config: pytest.Config, text: str) -> None:
    """Tell the controller, with the worker's last word, which tests there were on all machines."""
    _send(config, SHARD, text)


def send_plan(config: pytest.Config, text: str) -> None:
    """Tell the controller, with the worker's last word, what the plan is, where no report has carried it.

    Else nobody would miss the first LLM test of a worker that dies in its set-up: its report never leaves.
    """
    if text:
        _send(config, PLAN, text)


def _send(config: pytest.Config, name: str, said: str | list[str]) -> None:
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[name] = said

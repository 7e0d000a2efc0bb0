"""``--llmeval-shard=I/N``: this machine runs its part of what was collected, and leaves the verdict to the merge.

Every process of every machine collects the same tests and comes to the same parts. Imported where the option is used.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval import gate, options
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather import wire
from pytest_llmeval.gather.splitting import Weighed, split
from pytest_llmeval.plugin import workers
from pytest_llmeval.plugin.fixtures import is_llm_test
from pytest_llmeval.plugin.planned import plan_of
from pytest_llmeval.records import Floor, Plan, Rules, Shard

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from pytest_llmeval.ending.concluding import Ended
    from pytest_llmeval.ending.exit_status import Decision
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Line, PlannedCase, Session

    Parts = tuple[Mapping[str, PlannedCase | None], ...]

_GROUP = "xdist_group"
# Set for the pytest of a command of ours that decides, or draws, on whole sessions.
_WHOLE = (options.FIRST_TRIAL, options.FOLDER, options.LOOKS, options.ROUNDS, options.SESSIONS)


def begin(config: pytest.Config, state: State) -> Sharding:
    """Let the collected tests be split.

    Raises:
        pytest.UsageError: something is asked for that only a whole session can do.
    """
    number, n = state.settings.shard or (1, 1)
    refusal = _refusal(config, f"{number}/{n}")
    if refusal is not None:
        raise pytest.UsageError(f"llmeval: {refusal}")
    sharding = Sharding(state, Shard(number=number, n_shards=n))
    config.pluginmanager.register(sharding, "llmeval_sharding")
    return sharding


def _refusal(config: pytest.Config, said: str) -> UsageError | None:
    """Return why this run cannot be a shard."""
    if config.getoption("--llmeval-confirm", default=None) is not None:
        return UsageError(
            "--llmeval-confirm is not for a shard",
            found="it runs again what regressed, and what did is known once all shards are merged",
            hint="leave it out, and run what the merge calls regressed by itself",
        )
    if any(os.environ.get(name) for name in _WHOLE):
        return UsageError(
            f"--llmeval-shard={said} has no part in this run",
            found="a command of llmeval started it, which needs a whole session",
            hint="leave the option out, and unset LLMEVAL_SHARD",
        )
    return None


class Sharding:
    """Registered in every process of a shard.

    Args:
        state: of this process.
        shard: whose tests are not known yet.
    """

    def __init__(self, state: State, shard: Shard) -> None:
        self._state = state
        self._shard = shard
        self.plan = Plan()
        # Where only the ini asks for it, there is nothing to confirm yet.
        self._is_confirming = state.settings.confirm
        state.settings = state.settings._replace(confirm=False)

    # Outermost, so that whatever other plug-ins leave out or sort is done: machines must agree on what there is.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Leave out what other machines run (:hook:`pytest_collection_modifyitems`)."""
        result = yield
        state, ids = self._state, {item: _test_id(item) for item in items}
        whole = plan_of([item for item in items if is_llm_test(item)], state)
        parts = _parts(items, ids, whole, self._shard.n_shards)
        self._shard = replace(self._shard, parts=parts)
        mine = parts[self._shard.number - 1]
        kept = {item.nodeid for item in items if ids[item] in mine}
        self._restrict(whole, kept)
        others = [item for item in items if item.nodeid not in kept]
        items[:] = [item for item in items if item.nodeid in kept]
        n_deselected = state.n_deselected
        if others:
            config.hook.pytest_deselected(items=others)
        # The user left none of them out.
        state.n_deselected = n_deselected
        return result

    def _restrict(self, whole: Plan, kept: set[str]) -> None:
        state = self._state
        state.planned = {nodeid: case for nodeid, case in whole.cases.items() if nodeid in kept}
        state.faults = {nodeid: fault for nodeid, fault in state.faults.items() if nodeid in kept}
        self.plan = replace(whole, cases=state.planned)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In a worker: tell the controller, which collects nothing, what there was (:hook:`pytest_sessionfinish`)."""
        if self._state.is_worker:
            workers.send_shard(session.config, wire.encode_shard(self._shard))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - xdist's own
        """A worker ended, and says what was collected; one that crashed says nothing, and another one does."""
        told = getattr(node, "workeroutput", {}).get(workers.SHARD)
        if told:
            self._shard = wire.decode_shard(told)

    # -- at the end, in the controller -----------------------------------------------------------------------------

    def excuse(self, session: pytest.Session) -> None:
        """There may be fewer tests than machines: one that has none of them has done its part."""
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and any(self._shard.parts):
            session.exitstatus = pytest.ExitCode.OK

    def close(self, session: pytest.Session, record: Session, lines: Sequence[Line]) -> Ended:
        """End the gathered session as a shard's: with its aggregates, without a verdict on quality.

        Args:
            session: of pytest.
            record: what was gathered.
            lines: of its results.
        """
        from pytest_llmeval.ending.concluding import Ended
        from pytest_llmeval.ending.grounds import Ground

        state, status = self._state, int(session.exitstatus)
        shard = replace(self._shard, status=status, n_failed=session.testsfailed, rules=_rules(state))
        record = replace(record, shard=shard, summaries=gate.summarise(lines, record.trials))
        quiet = state.settings._replace(
            gate="off", fail_under=(), baseline_update="", reports=(), mlflow="", pushgateway=""
        )
        ground = Ground(quiet, base=None, is_fork=state.is_fork, started_s=state.started_s)
        return Ended(record, ground, self._decide(status, session.testsfailed))

    def _decide(self, status: int, n_failed: int) -> Decision:
        from pytest_llmeval.ending import exit_status

        own = exit_status.pytests_own(status)
        if own is not None:
            return own
        failed = f"{n_failed} test{'s' * (n_failed != 1)} failed; " if status else ""
        return exit_status.because(status, f"{failed}{self._shard}: the verdict is `llmeval merge`'s")

    def told(self, path: Path | None) -> list[str]:
        """Say what became of what was asked for, and of the budget."""
        asked, said = self._state.settings, list[str]()
        left = [kind for kind, _ in asked.reports if kind != "term"]
        left += [name for name in ("mlflow", "pushgateway") if getattr(asked, name)]
        left += ["the baseline"] if asked.baseline_update else []
        if left:
            said.append(f"llmeval: {self._shard} leaves {', '.join(left)} to `llmeval merge`")
        if self._is_confirming:
            said.append(
                f"llmeval: {self._shard} confirms nothing: what the merge calls regressed, pytest --llmeval-confirm "
                "without a shard runs on the base version too"
            )
        if asked.budget_usd is not None and asked.database is None:
            whole = asked.budget_usd * self._shard.n_shards
            said.append(f"llmeval: {self._shard} has an equal share of the budget of ${whole:g}: ${asked.budget_usd:g}")
        if path is not None:
            shown = path.relative_to(asked.root) if path.is_relative_to(asked.root) else path
            said.append(f"llmeval: the file for `llmeval merge` is {shown}")
        return said


def _test_id(item: pytest.Item) -> str:
    """Return who a test is, without the suffix that workers of xdist give to the id of one in a group."""
    return f"{item.parent.nodeid}::{item.name}" if item.parent is not None else item.nodeid


def _parts(items: Sequence[pytest.Item], ids: Mapping[pytest.Item, str], whole: Plan, n: int) -> Parts:
    """Split LLM tests by their trials and all others by their number, so that each machine has its share of both."""
    planned = {ids[item]: whole.cases.get(item.nodeid) for item in items}
    weighed = [_weighed(item, ids[item], planned[ids[item]]) for item in items]
    # A group that has an LLM test goes where that goes.
    groups = {test.group for test in weighed if planned[test.id]} - {""}
    ours = [test for test in weighed if planned[test.id] or test.group in groups]
    others = [test for test in weighed if not (planned[test.id] or test.group in groups)]
    return tuple(
        {id_: planned[id_] for id_ in sorted((*first, *second))}
        for first, second in zip(split(ours, n), split(others, n), strict=True)
    )


def _weighed(item: pytest.Item, id_: str, case: PlannedCase | None) -> Weighed:
    names = {str(mark.args[0] if mark.args else mark.kwargs.get("name", "")) for mark in item.iter_markers(_GROUP)}
    return Weighed(id_, id_.partition("::")[0], case.n_trials if case else 1, "_".join(sorted(names)))


def _rules(state: State) -> Rules:
    """Return what the whole session is judged by, as every shard of it must have it."""
    settings, base = state.settings, state.base
    folder = settings.baseline
    is_below = folder.is_relative_to(settings.root)
    return Rules(
        gate=settings.gate,
        baseline=folder.relative_to(settings.root).as_posix() if is_below else str(folder),
        baseline_update=settings.baseline_update,
        fail_under=tuple(Floor(metric, least) for metric, least in settings.fail_under),
        min_coverage=settings.min_coverage,
        max_age=settings.max_age,
        judges=settings.judges,
        budget_usd=settings.budget_usd,
        base=base.commit if base is not None else "",
        is_fork=state.is_fork,
    )

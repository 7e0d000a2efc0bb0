"""``--llmeval-trials=auto``: how many trials each case has, decided where it runs, and from the baseline alone.

Every worker reads the same baseline and so comes to the same plan; whether a case is drawn again depends on its own
scores only. The rules are ``gate``'s (``plan``, ``next_trials``); when the trials are run is ``flight``'s affair.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmeval import gate
from pytest_llmeval.options import ROUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import CaseId, CheckId, Line, TrialPlan


class Trials:
    """The trials of one process's cases.

    Args:
        state: its share of the session.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        # Cases that may be drawn again: a marker that says ``trials=5`` means five.
        self.adaptive: set[str] = set()

    @cached_property
    def plan(self) -> TrialPlan:
        """The plan of the session, the same in every process."""
        said = os.environ.get(ROUNDS)
        plan = gate.plan(self._state.baseline.lines.values(), trials="auto", until_decided=said is not None)
        n_rounds = {(suite, metric): n for suite, metric, n in json.loads(said or "[]")}
        suites = (replace(one, n_rounds=n_rounds.get((one.suite, one.metric), one.n_rounds)) for one in plan.suites)
        return replace(plan, suites=tuple(suites))

    @cached_property
    def _known(self) -> dict[CaseId, dict[CheckId, Line]]:
        known: dict[CaseId, dict[CheckId, Line]] = {}
        for line in self._state.baseline.lines.values():
            known.setdefault(line.id.case_id, {})[line.id] = line
        return known

    def _held_by(self, case_id: CaseId, arm: str) -> Sequence[Line]:
        """Return the lines that a case is held to in one arm, as ``gate.of_arms`` has it."""
        known = self._known.get(case_id, {})
        held = {id_._replace(arm=arm): line for id_, line in known.items() if not id_.arm}
        held |= {id_: line for id_, line in known.items() if id_.arm == arm}
        return [line if line.id == id_ else replace(line, id=id_) for id_, line in held.items()]

    def first(self, nodeid: str, case_id: CaseId, arm: str, suite: str) -> int:
        """Return how many trials a case has at first, and note that it may be drawn again."""
        self.adaptive.add(nodeid)
        return self._wanted(case_id, arm, (), suite)

    def wanted(self, recorder: Recorder) -> int:
        """Return how many trials a case should have in all, now that those it had have landed.

        A test that failed by an error of its own, or lacks a recording, is not drawn again: it has failed.
        """
        if recorder.has_miss or any(trial.error and not trial.is_unscored for trial in recorder.trials):
            return recorder.n_trials
        lines = gate.lines_of("", [recorder.result("passed")])
        return max(recorder.n_trials, self._wanted(recorder.id, recorder.arm, lines, recorder.suite))

    def _wanted(self, case_id: CaseId, arm: str, so_far: Sequence[Line], suite: str) -> int:
        return gate.next_trials(self._held_by(case_id, arm), so_far, self.plan, suite=suite)

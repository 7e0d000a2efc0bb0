"""The collected LLM tests → the plan of the session: who each case is, and how many trials it is to have."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError
from pytest_llmeval.plugin import items
from pytest_llmeval.records import Plan, PlannedCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import CaseId


def plan_of(declared: Sequence[pytest.Item], state: State) -> Plan:
    """Make the plan, and note it and its faults on the state.

    A marker that cannot be obeyed, or a case id that another test has too, is the test's own fault: it fails in its
    set-up, and the others run.

    Args:
        declared: the LLM tests, in their order.
        state: of this process.
    """
    seen: dict[tuple[CaseId, str], str] = {}
    for item in declared:
        nodeid = sys.intern(item.nodeid)  # before the id of its case, which is the same text most of the time
        case_id, arm = items.case_id(item), items.arm_of(item)
        if state.settings.purse:
            from pytest_llmeval.plugin import spending

            spending.check_marked(item, state)
        try:
            items.refuse_twin(item, seen.setdefault((case_id, arm), item.nodeid))
            n_trials, suite = items.n_trials(item, state.settings), items.suite_of(item)
            if n_trials == "auto":
                n_trials = state.trials.first(item.nodeid, case_id, arm, suite)
        except UsageError as error:
            state.faults[item.nodeid] = error
            n_trials, suite = 1, items.DEFAULT_SUITE
        state.intercepts = state.intercepts or items.is_intercepted(item, state.settings)
        state.planned[nodeid] = PlannedCase(id=case_id, suite=suite, n_trials=n_trials, arm=arm)
    return Plan(cases=state.planned, n_deselected=state.n_deselected, variants=items.variants_of(declared))

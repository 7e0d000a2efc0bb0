"""A provider that fails while a case is drawn again: those trials are unscored, and prove nothing against the case."""

from __future__ import annotations

import pytest

from pytest_llmeval.loopback import Reply
from tests.plugin.adaptive_suite import HERE, N_CASES, N_FIRST, break_cases, draw_main, everything, n_trials


@pytest.fixture
def refused(project, provider):
    """A branch with a broken case, whose provider refuses every call after the first trials."""
    draw_main(project, provider)
    break_cases(project, "c7")
    answer = provider.model

    def refuse(asked):
        # By case: a worker may draw one again while the other's first trials are still under way.
        is_over = sum(received.body["messages"] == asked["messages"] for received in provider.requests) > N_FIRST
        return Reply("no credit", status=402) if is_over else answer(asked)

    provider.model = refuse
    return provider


def test_what_was_not_answered_is_unscored(project, refused, way):
    """The case is not named: two failures prove nothing. The session counts what it lacks."""
    result = project.run_apart(*HERE, *way)

    result.assert_outcomes(passed=N_CASES)
    scored, expected = project.session.coverage
    assert N_CASES * N_FIRST == scored, everything(result)
    assert scored < expected
    assert "REGRESSED test_suite.py::test_case[c7]" not in everything(result)
    assert n_trials(project)["c7"] == N_FIRST + expected - scored

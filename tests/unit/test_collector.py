"""The controller proves the session complete: nothing lost in silence, nothing twice, and one order."""

from __future__ import annotations

from itertools import permutations

import pytest

from pytest_llmeval.gather import wire
from pytest_llmeval.gather.collector import Collector
from pytest_llmeval.records import CaseId, CaseResult, Plan, PlannedCase

A, B, C = (f"tests/test_support.py::test_refund[{name}]" for name in "abc")


def result_of(nodeid: str, **fields: object) -> CaseResult:
    """Return the result of a test that is its own case."""
    return CaseResult(**({"nodeid": nodeid, "id": CaseId(nodeid)} | fields))


def collector_of(
    *, planned: tuple[str, ...] = (), started: tuple[str, ...] = (), ended: tuple[str, ...] = ()
) -> Collector:
    """Return a collector that was told of these tests."""
    collector = Collector()
    if planned:
        cases = {nodeid: PlannedCase(id=CaseId(nodeid)) for nodeid in planned}
        collector.add_plan_text(wire.encode_plan(Plan(cases=cases)))
    for nodeid in started:
        collector.add_start(nodeid)
    for nodeid in ended:
        collector.add_result(wire.encode(result_of(nodeid)))
    return collector


@pytest.mark.parametrize(
    ("started", "ended", "lost", "lost_when_stopped"),
    [
        ((A, B, C), (A, B, C), (), ()),
        ((A, B, C), (B,), (A, C), (A, C)),  # two workers died with a test each
        ((A, B), (A,), (B, C), (B,)),  # -x: C never began, and B did
        ((A,), (A,), (B, C), ()),
        ((), (), (A, B, C), ()),
        ((), (A, B, C), (), ()),  # a result proves its test, whether its start was heard of or not
    ],
)
def test_a_planned_test_that_brought_no_result_is_lost_unless_it_was_stopped_before_it_began(
    started, ended, lost, lost_when_stopped
):
    """Named in order; a session that was ended on purpose loses only what was under way."""
    collector = collector_of(planned=(C, A, B), started=started, ended=ended)

    assert (lost, lost_when_stopped) == (collector.lost(was_stopped=False), collector.lost(was_stopped=True))


def test_a_rerun_replaces_the_result_of_the_run_before():
    """One result a test: the last."""
    collector = collector_of(planned=(A,))
    for outcome in ("failed", "passed"):
        collector.add_result(wire.encode(result_of(A, outcome=outcome)))

    assert (result_of(A, outcome="passed"),) == collector.results()


def test_a_rerun_that_dies_keeps_the_result_of_the_run_before():
    """It was brought, so it is not lost."""
    collector = collector_of(planned=(A,), started=(A,), ended=(A,))
    collector.add_start(A)

    assert ((result_of(A),), ()) == (collector.results(), collector.lost(was_stopped=False))


@pytest.mark.parametrize("arrival", [*permutations("abc")], ids="".join)
def test_results_are_sorted_by_case_whatever_the_order_of_arrival(arrival):
    """By the case's id first: node ids of cases with long texts are numbered by position."""
    nodeids = {"a": "t.py::test[2]", "b": "t.py::test[1]", "c": "t.py::test[0]"}
    collector = Collector()
    for case in arrival:
        collector.add_result(wire.encode(result_of(nodeids[case], id=CaseId("t.py::test", case))))

    assert ["a", "b", "c"] == [result.id.case for result in collector.results()]


def test_a_late_test_is_in_the_plan_as_it_ran():
    """One that checks only in a function it calls shows itself while it runs."""
    collector = collector_of(planned=(B,), ended=(B,))
    collector.add_result(wire.encode(result_of(A, suite="support", n_planned=5)))

    assert {
        A: PlannedCase(id=CaseId(A), suite="support", n_trials=5),
        B: PlannedCase(id=CaseId(B)),
    } == collector.plan().cases
    assert [A, B] == list(collector.plan().cases)
    assert () == collector.lost(was_stopped=False)


def test_what_was_planned_is_not_changed_by_what_ran():
    """The plan is the promise; a result that had fewer trials does not lower it."""
    collector = Collector()
    promised = Plan(cases={A: PlannedCase(id=CaseId(A), suite="support", n_trials=5)})
    collector.add_plan_text(wire.encode_plan(promised))
    collector.add_result(wire.encode(result_of(A, suite="other", n_planned=1)))

    assert promised == collector.plan()


def test_the_plans_of_all_workers_are_one():
    """Each collects the same tests, and deselects as many."""
    plan = Plan(cases={A: PlannedCase(id=CaseId(A))}, n_deselected=4)
    collector = Collector()
    for _ in range(2):
        collector.add_plan_text(wire.encode_plan(plan))

    assert plan == collector.plan()


@pytest.mark.parametrize(
    ("told", "is_empty"),
    [({}, True), ({"started": (A,)}, True), ({"planned": (A,)}, False), ({"ended": (A,)}, False)],
    ids=["nothing", "start", "plan", "result"],
)
def test_a_session_is_empty_where_nothing_was_planned_and_nothing_came(told, is_empty):
    """Then there is nothing to decide, and nothing to say."""
    assert is_empty == collector_of(**told).is_empty

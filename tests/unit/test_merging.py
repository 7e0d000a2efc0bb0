"""Shards become one session, or it is said in three lines why they cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather import merging
from pytest_llmeval.records import CaseId, CaseResult, Plan, PlannedCase, Rules, Session, Shard, Spend

TESTS = ("a.py::one", "a.py::two", "b.py::three")
CASES = {test: PlannedCase(id=CaseId(test)) for test in TESTS}
PARTS = tuple({test: CASES[test]} for test in TESTS)


def _shard(number: int, *, second: int = 0, **changes) -> Session:
    test = TESTS[number - 1]
    of = {name: changes.pop(name) for name in ("status", "parts", "n_shards", "rules") if name in changes}
    session = Session(
        id=f"20260101T00000{second}Z-{number:04}{second:04}",
        started_at=f"2026-01-01T00:00:0{second}+00:00",
        duration_s=number,
        commit="c0ffee",
        settings={"trials": 1},
        versions={"python": "3.11"},
        plan=Plan(cases={test: CASES[test]}),
        results=(CaseResult(nodeid=test, id=CaseId(test)),),
        shard=Shard(number=number, n_shards=3, parts=PARTS)._replace(**of),
    )
    return replace(session, **changes)


def _merge(*sessions: Session) -> Session:
    return merging.merged(merging.choose(sessions))


def test_all_shards_make_a_whole_session():
    """With every result, in order, whatever the order of the files; it began with the first and ended with the last."""
    merged = _merge(_shard(3, second=4), _shard(1, second=2), _shard(2))
    assert (TESTS, set(TESTS), ()) == (tuple(r.nodeid for r in merged.results), set(merged.plan.cases), merged.lost)
    assert ("2026-01-01T00:00:00+00:00", 7.0) == (merged.started_at, merged.duration_s)
    assert merged.shard is None
    assert 3 == len(merged.merged)


def test_the_same_shards_make_the_same_session_and_others_another():
    """So that what was sent to a tracker is not sent once more."""
    shards = [_shard(1), _shard(2), _shard(3)]
    assert _merge(*shards) == _merge(*shards[::-1], shards[0])
    assert _merge(*shards).id != _merge(*shards[:2], _shard(3, second=1)).id


def test_of_a_shard_that_ran_twice_the_last_complete_one_counts():
    """CI runs a job again; one that was broken off does not undo one that was not."""
    first, again = _shard(2), _shard(2, second=1)
    broken = _shard(2, second=2, status=2, stopped="interrupted", results=())
    chosen = merging.choose([broken, _shard(1), again, _shard(3), first])
    assert again == chosen.shards[2]
    assert [first, broken] == list(chosen.passed_over)
    assert broken == merging.choose([broken, replace(first, lost=("a.py::two",), results=())]).shards[2]


def test_a_missing_shard_loses_its_tests():
    """And they stay in the plan: what was not run is not what was not asked for."""
    merged = _merge(_shard(1), _shard(3))
    assert (("a.py::two",), set(TESTS)) == (merged.lost, set(merged.plan.cases))


def test_a_shard_that_was_interrupted_loses_what_it_has_no_result_of():
    """One that its first failure stopped has lost nothing, and says that it was stopped."""
    interrupted = _shard(2, status=2, stopped="interrupted", results=())
    assert ("a.py::two",) == _merge(_shard(1), interrupted, _shard(3)).lost
    stopped = _merge(_shard(1), _shard(2, status=1, stopped="stopping after 1 failures", results=()), _shard(3))
    assert ((), "shard 2 of 3: stopping after 1 failures") == (stopped.lost, stopped.stopped)


def test_a_shard_that_left_a_planned_test_out_has_lost_it():
    """However well it says that it ended."""
    assert ("a.py::two",) == _merge(_shard(1), _shard(2, results=()), _shard(3)).lost


def test_a_shard_that_never_knew_the_tests_proves_nothing():
    """All of its workers died; its tests are lost."""
    assert ("a.py::two",) == _merge(_shard(1), _shard(2, parts=(), results=()), _shard(3)).lost
    with pytest.raises(UsageError, match="no shard knows which tests there were"):
        _merge(_shard(2, parts=()))


def test_what_the_machines_spent_is_added_up():
    """Each from its equal share."""
    spends = [Spend(budget_usd=0.5, spent_usd=0.125 * number, n_refused=number) for number in (1, 2, 3)]
    merged = _merge(*(_shard(number, spend=spend) for number, spend in enumerate(spends, 1)))
    assert Spend(budget_usd=1.5, spent_usd=0.75, n_refused=6) == merged.spend


ODD = {
    "commit": ({"commit": "decaf"}, "different commits", "shard 2 of 3 .* on decaf"),
    "settings": ({"settings": {"trials": 5}}, "different settings", "trials is 1 in .*, 5 in"),
    "rules": ({"rules": Rules(gate="pr")}, "different settings", "gate is 'off' in .*, 'pr' in"),
    "versions": ({"versions": {"python": "3.12"}}, "different versions", "python is '3.11'"),
    "selection": ({"selection": "-k x"}, "different selections", "-k x"),
    "number": ({"n_shards": 4, "parts": (*PARTS, {})}, "several sessions", "is shard 2 of 4"),
    "tests": ({"parts": (*PARTS[:2], {"c.py::new": None})}, "collected different tests", "b.py::three, c.py::new"),
    "split": ({"parts": PARTS[::-1]}, "collected different tests", "split otherwise"),
    "whole": ({"shard": None}, "is no shard", "ran the whole session"),
    "merged": ({"shard": None, "merged": ("x",)}, "is no shard", "merged before"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_part_of_the_same_session_is_refused(name):
    """In three lines, with what differs and where."""
    changes, what, found = ODD[name]
    with pytest.raises(UsageError, match=what) as caught:
        _merge(_shard(1), _shard(2, **changes), _shard(3))
    assert caught.value.found
    assert caught.match(found)


@pytest.mark.parametrize(
    "changes",
    [{"number": 4}, {"number": 0}, {"parts": PARTS[:2]}, {"started_at": "yesterday"}],
    ids=["beyond", "zeroth", "parts", "time"],
)
def test_a_file_that_says_what_cannot_be_is_refused(changes):
    """It came from another machine, and may hold anything."""
    shard = _shard(1)
    of = shard.shard._replace(**{name: value for name, value in changes.items() if name != "started_at"})
    odd = replace(shard, shard=of, started_at=changes.get("started_at", shard.started_at))
    with pytest.raises(UsageError, match="is malformed"):
        _merge(odd)


def test_a_test_with_two_results_is_refused():
    """Somebody has edited the files: nobody could say which one counts."""
    twice = _shard(1).results + _shard(2).results
    with pytest.raises(UsageError, match="result in two shards"):
        _merge(_shard(1), _shard(2, results=twice), _shard(3))

"""Collected tests are split over machines: by modules where that is fair, evenly always."""

from __future__ import annotations

from pytest_llmeval.gather.splitting import Weighed, split


def _tests(**sizes: int) -> list[Weighed]:
    return [Weighed(f"{name}.py::test[{n:02}]", f"{name}.py") for name, size in sizes.items() for n in range(size)]


def _sizes(parts) -> list[int]:
    return [len(part) for part in parts]


def test_parts_are_even_where_a_module_is_larger_than_its_share():
    """A suite of one test with many cases is what most have."""
    assert [34, 33, 33] == _sizes(split(_tests(a=100), 3)) or [33, 34, 33] == _sizes(split(_tests(a=100), 3))


def test_a_cut_near_the_edge_of_a_module_is_made_there():
    """So that its wide fixtures are set up on one machine; 21 and 19 instead of 20 and 20."""
    first, second = split(_tests(a=21, b=19), 2)
    assert ({"a.py"}, {"b.py"}) == ({id_[:4] for id_ in first}, {id_[:4] for id_ in second})


def test_a_module_is_parted_where_keeping_it_would_be_unfair():
    """A machine that does most of the work is waited for by all."""
    assert [20, 20] == _sizes(split(_tests(a=30, b=10), 2))


def test_a_test_with_many_trials_weighs_as_much_as_many_tests():
    """What is asked of a provider is what takes time."""
    tests = [Weighed("a.py::test_0", "a.py", weight=10), *(Weighed(f"a.py::test_{n}", "a.py") for n in range(1, 10))]
    assert [1, 9] == _sizes(split(tests, 2))


def test_what_must_share_a_worker_shares_a_machine():
    """``xdist_group``: wherever its tests stand."""
    tests = [Weighed(f"{name}.py::test", f"{name}.py", group="db" if name in "ah" else "") for name in "abcdefgh"]
    (of_group,) = [part for part in split(tests, 4) if "a.py::test" in part]
    assert "h.py::test" in of_group


def test_the_order_in_which_they_come_changes_nothing():
    """pytest-randomly sorts otherwise on every machine."""
    tests = _tests(a=7, b=5, c=11)
    assert split(tests, 4) == split(tests[::-1], 4)


def test_there_may_be_more_machines_than_tests():
    """Some have nothing to do; all tests are somewhere."""
    parts = split(_tests(a=2), 5)
    assert 5 == len(parts)
    assert ["a.py::test[00]", "a.py::test[01]"] == sorted(id_ for part in parts for id_ in part)
    assert ((), ()) == split([], 2)

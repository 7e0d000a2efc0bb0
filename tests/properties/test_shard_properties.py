"""For any suite and any number of machines: the parts are the whole, fair, and merge back to it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.gather import merging, wire
from pytest_llmeval.gather.splitting import Weighed, split
from pytest_llmeval.records import CaseId, CaseResult, Plan, PlannedCase, Session, Shard

modules = st.sampled_from(["a.py", "b.py", "sub/a.py", "a.pyx"])
ids = st.tuples(modules, st.text("tes[]-:0", min_size=1, max_size=5)).map("::".join)
weights, groups = st.integers(1, 30), st.sampled_from(["", "", "", "db", "gpu"])
suites = st.dictionaries(ids, st.tuples(weights, groups), max_size=40).map(
    lambda found: [Weighed(id_, id_.partition("::")[0], *rest) for id_, rest in found.items()]
)


@given(suites, st.integers(1, 8), st.randoms(use_true_random=False))
def test_every_test_is_in_one_part_on_every_machine(tests, n, random):
    """Nothing is run twice, nothing is left out, and no machine sees it otherwise."""
    parts = split(tests, n)
    assert n == len(parts)
    assert sorted(test.id for test in tests) == sorted(id_ for part in parts for id_ in part)
    shuffled = tests[:]
    random.shuffle(shuffled)
    assert parts == split(shuffled, n)


@given(suites, st.integers(1, 8))
def test_no_part_is_much_more_than_its_share(tests, n):
    """By a fifth of it, and the heaviest of what must stay together."""
    weight = {test.id: test.weight for test in tests}
    together = {}
    for test in tests:
        key = test.group or test.id
        together[key] = together.get(key, 0) + test.weight
    share = sum(weight.values()) / n
    heaviest = max(together.values(), default=0)
    assert all(sum(weight[id_] for id_ in part) <= share * 1.2 + heaviest for part in split(tests, n))


@given(suites, st.integers(1, 8))
def test_a_group_is_never_parted(tests, n):
    """Its tests share what only one machine has."""
    group = {test.id: test.group for test in tests}
    places = {(group[id_], number) for number, part in enumerate(split(tests, n)) for id_ in part if group[id_]}
    assert len(places) == len({name for name, _ in places})


@given(suites, st.integers(1, 8), st.randoms(use_true_random=False))
def test_any_split_merges_back_to_the_whole(tests, n, random):
    """Plan and results, in whatever order the files come."""
    planned = {test.id: PlannedCase(id=CaseId(test.id), n_trials=test.weight) for test in tests}
    parts = tuple({id_: planned[id_] for id_ in part} for part in split(tests, n))
    results = {id_: CaseResult(nodeid=id_, id=case.id) for id_, case in planned.items()}
    whole = Session(id="20260101T000000Z-0", started_at="2026-01-01T00:00:00+00:00")
    shards = [
        replace(
            whole,
            id=f"20260101T000000Z-{number}",
            plan=Plan(cases=part),
            results=tuple(results[id_] for id_ in part),
            shard=Shard(number=number, n_shards=n, parts=parts),
        )
        for number, part in enumerate(parts, 1)
    ]
    random.shuffle(shards)
    merged = merging.merged(merging.choose(shards))
    expected = sorted(results.values(), key=lambda result: (result.id, result.nodeid))
    assert (planned, expected, ()) == (merged.plan.cases, list(merged.results), merged.lost)
    assert parts == wire.decode_shard(wire.encode_shard(shards[0].shard)).parts

    gone = shards.pop()
    if shards:
        lost = merging.merged(merging.choose(shards))
        assert sorted(gone.plan.cases) == list(lost.lost)
        assert planned == lost.plan.cases

"""For any lines: what is written is read, bytes depend on the lines alone, and damage is seen."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.errors import BaselineUnreadable
from pytest_llmeval.records import Acceptance, BaselineRun, CheckId, Draw, Line
from pytest_llmeval.store import baseline_doctor, baseline_file, baselines


def is_kept(text: str) -> bool:
    """Whether no two lone surrogates in a row spell one character: JSON cannot tell them from it."""
    return text == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


texts = st.text(st.characters(), max_size=8).filter(is_kept)
shares = st.floats(0.0, 1.0)
run_ids = st.sampled_from(["s1", "s2", "s\ud8003"])
days = st.just("") | st.dates().map(str)
acceptances = st.builds(Acceptance, reason=texts, author=texts, accepted_at=texts, expires=days)
lines = st.builds(
    Line,
    id=st.builds(
        CheckId, texts | st.sampled_from(["a.py::t", "a.py::t[x]", "b/a.py::T::t"]), texts, texts, st.integers(0, 3)
    ),
    suite=texts,
    draws=st.lists(st.builds(Draw, shares, run_ids, texts), min_size=1, max_size=3).map(tuple),
    n_unscored=st.integers(0, 5),
    input_hash=texts,
    metric_version=texts,
    threshold=st.none() | shares,
    is_case_level=st.booleans(),
    n_trials=st.integers(1, 5),
    acceptance=st.none() | acceptances,
)
sets_of_lines = st.lists(lines, max_size=6, unique_by=lambda line: line.id)
RUNS = [BaselineRun(id=id_, recorded_at="2026-01-31", model="\ud800") for id_ in ("s1", "s2", "s\ud8003")]


@given(sets_of_lines, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_any_lines_are_read_as_they_were_written(found: list[Line], random):
    """Ids are any text; any order and any number of updates give the same bytes."""
    with TemporaryDirectory() as name:
        once, piecemeal = Path(name, "once"), Path(name, "piecemeal")
        baselines.write_lines(once, found, RUNS)
        random.shuffle(found)
        for line in found:
            baselines.write_lines(piecemeal, [line], RUNS)

        assert {line.id: line for line in found} == baselines.read(once).lines
        assert {path.relative_to(once): path.read_bytes() for path in once.rglob("*.jsonl")} == {
            path.relative_to(piecemeal): path.read_bytes() for path in piecemeal.rglob("*.jsonl")
        }


@given(stored=sets_of_lines, update=sets_of_lines, new_only=st.booleans())
@settings(max_examples=50)
def test_an_update_changes_exactly_its_own_lines(stored: list[Line], update: list[Line], *, new_only: bool):
    """FAULTS 3, for any two sets of lines."""
    old, new = ({line.id: line for line in found} for found in (stored, update))
    with TemporaryDirectory() as name:
        folder = Path(name)
        baselines.write_lines(folder, stored, RUNS)
        baselines.write_lines(folder, update, RUNS, new_only=new_only)

        assert (new | old if new_only else old | new) == baselines.read(folder).lines


@given(texts)
def test_no_test_id_leads_out_of_the_folder(test: str):
    """FAULTS 13: never a path that climbs, starts at the root, or is too long."""
    path = baseline_file.path_of(test)

    assert not path.is_absolute()
    assert not {".", ".."} & set(path.parts)
    assert path.suffix == ".jsonl" or path.name == ".jsonl"


@given(st.lists(lines, min_size=1, max_size=3, unique_by=lambda line: line.id), st.data())
def test_any_damaged_bytes_are_a_fault_or_still_mean_something(found: list[Line], data: st.DataObject):
    """Whatever a byte is changed to: never another error than a fault, and never fewer lines."""
    path = PurePosixPath("a/t.jsonl")
    moved = {id_: line for line in found if (id_ := line.id._replace(test="a.py::t"))}
    whole = baseline_file.render(
        [Line(**{**vars(line), "id": id_}) for id_, line in moved.items()], {run.id: run for run in RUNS}
    )
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(min_size=1, max_size=2)) + whole[at + 1 :]

    try:
        n_read = len(baseline_file.parse(damaged, path)[0])
    except baseline_file.Fault:
        n_read = None

    assert n_read in (None, len(moved))


@given(st.lists(lines, min_size=1, max_size=3, unique_by=lambda line: line.id), st.data())
@settings(max_examples=50)
def test_a_doctor_finds_a_fault_where_reading_does_and_mends_only_what_reads(found: list[Line], data: st.DataObject):
    """Whatever a byte is changed to; what was mended is well, and means the same."""
    moved = {id_: line for line in found if (id_ := line.id._replace(test="a.py::t"))}
    whole = baseline_file.render(
        [Line(**{**vars(line), "id": id_}) for id_, line in moved.items()], {run.id: run for run in RUNS}
    )
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=2) | st.sampled_from([b"\n", whole, b" "])) + whole[at:]
    with TemporaryDirectory() as name:
        path = Path(name, "a", "t.jsonl")
        path.parent.mkdir()
        path.write_bytes(damaged)
        try:
            before = baselines.read(Path(name)).lines
        except BaselineUnreadable:
            before = None
        findings = baseline_doctor.inspect(Path(name))

        assert (before is not None) or findings
        baseline_doctor.mend(Path(name))
        left = baseline_doctor.inspect(Path(name))
        assert [] == [finding for finding in left if finding.is_mendable]
        if before is not None:
            assert [] == left
            assert before == baselines.read(Path(name)).lines

"""Promises of the baseline's folder: small files in git, touched only where asked, two writers lose nothing."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.errors import BaselineError, BaselineUnreadable
from pytest_llmeval.records import (
    Acceptance,
    Baseline,
    BaselineRun,
    CaseId,
    CaseResult,
    Check,
    CheckId,
    Draw,
    Line,
    Plan,
    PlannedCase,
    Request,
    Response,
    Score,
    Session,
    Trial,
)
from pytest_llmeval.store import baselines

RUN = BaselineRun(id="s1", recorded_at="2026-01-31T12:00:00Z", commit="abc", model="m", versions={"python": "3.11"})
LATER = replace(RUN, id="s2", recorded_at="2026-02-28T12:00:00Z")
TEST = "tests/test_support.py::TestX::test_refund"


def line_of(case: str = "eu", *, test: str = TEST, score: float = 0.5, run: str = "s1", nth: int = 0) -> Line:
    """Return a line of two draws."""
    id_ = CheckId(test, case, "relevance", nth)
    return Line(id=id_, suite="", draws=(Draw(score, run, "o1"), Draw(1.0, run)), input_hash="h", threshold=0.5)


def text_of(folder: Path) -> dict[str, str]:
    """Return every file's text by its path."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_was_written_is_read(tmp_path: Path):
    """Every field, those with defaults included."""
    line = replace(
        line_of(),
        suite="support",
        n_unscored=2,
        metric_version="3",
        threshold=None,
        is_case_level=True,
        n_trials=5,
        acceptance=Acceptance(reason="better", author="Ada", accepted_at="2026-02-01T00:00:00Z", expires="2026-12-31"),
    )
    plain = line_of("us")

    baselines.write_lines(tmp_path, [line, plain], [RUN])

    assert Baseline(lines={line.id: line, plain.id: plain}, runs={"s1": RUN}) == baselines.read(tmp_path)


def test_a_folder_that_does_not_exist_is_an_empty_baseline(tmp_path: Path):
    """The first run of a project."""
    assert Baseline() == baselines.read(tmp_path / "baselines")


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path):
    """Never "no baseline"."""
    (tmp_path / "baselines").write_text("")

    with pytest.raises(BaselineUnreadable, match=r"baseline folder .* cannot be read"):
        baselines.read(tmp_path / "baselines")


def test_the_file_is_sorted_json_lines_with_the_runs_last(tmp_path: Path):
    """The form that is reviewed in a pull request."""
    (path,) = baselines.write_lines(tmp_path, [line_of("us"), line_of("eu", nth=1), line_of("eu")], [RUN])
    rows = [json.loads(line) for line in path.read_text().splitlines()]

    assert ["eu", "eu", "us"] == [row["case"] for row in rows[:3]]
    assert [0, 1, 0] == [row["nth"] for row in rows[:3]]
    assert {
        "case": "us",
        "input_hash": "h",
        "kind": "line",
        "metric": "relevance",
        "metric_version": "1",
        "nth": 0,
        "origins": ["o1", ""],
        "runs": ["s1", "s1"],
        "scores": [0.5, 1.0],
        "suite": "",
        "test": TEST,
        "threshold": 0.5,
    } == rows[2]
    assert [
        {
            "commit": "abc",
            "format": 1,
            "id": "s1",
            "kind": "run",
            "model": "m",
            "recorded_at": "2026-01-31T12:00:00Z",
            "versions": {"python": "3.11"},
        }
    ] == rows[3:]
    assert all(list(row) == sorted(row) for row in rows)


@pytest.mark.parametrize(
    ("test", "path"),
    [
        ("tests/test_support.py::test_refund", "tests/test_support/test_refund.jsonl"),
        ("tests/test_support.py::TestX::test_refund", "tests/test_support/TestX.test_refund.jsonl"),
        ("tests/test_support.py::test_refund[../../etc/passwd]", "tests/test_support/test_refund.jsonl"),
        ("tests/test_support.py::test_refund[a::b[c]]", "tests/test_support/test_refund.jsonl"),
        ("test_a.py::test_é", "test_a/test_%C3%A9.jsonl"),
        ("../other/test_a.py::test_b", "%2E./other/test_a/test_b.jsonl"),
        ("/abs/test_a.py::test_b", "abs/test_a/test_b.jsonl"),
        ("suite.yaml::a b/c\x00", "suite.yaml/a%20b%2Fc%00.jsonl"),
        (".hidden/t.py::.x", "%2Ehidden/t/%2Ex.jsonl"),
        ("", ".jsonl"),
    ],
)
def test_a_file_is_named_by_module_and_function_only(tmp_path: Path, test: str, path: str):
    """FAULTS 13: ids are data, and never climb out of the folder."""
    assert tmp_path / path == baselines.path_of(tmp_path, test)


def test_a_name_of_any_length_has_a_file(tmp_path: Path):
    """And two long names that differ at their end have two."""
    lines = [line_of(test=f"t.py::test_{'x' * 5000}{end}") for end in "ab"]

    assert 2 == len(baselines.write_lines(tmp_path, lines, [RUN]))
    assert {line.id: line for line in lines} == baselines.read(tmp_path).lines


def test_replacing_one_line_leaves_every_other_byte(tmp_path: Path):
    """FAULTS 3: a subset never touches other lines, nor the files of other tests."""
    baselines.write_lines(tmp_path, [line_of("eu"), line_of("us"), line_of(test="tests/test_b.py::test_b")], [RUN])
    before = text_of(tmp_path)

    written = baselines.write_lines(tmp_path, [line_of("us", score=0.75, run="s2")], [LATER])
    after = text_of(tmp_path)

    assert [tmp_path / "tests/test_support/TestX.test_refund.jsonl"] == written
    assert before["tests/test_b/test_b.jsonl"] == after["tests/test_b/test_b.jsonl"]
    assert before[(name := "tests/test_support/TestX.test_refund.jsonl")].splitlines()[0] == after[name].splitlines()[0]
    assert {"s1", "s2"} == set(baselines.read(tmp_path).runs)


def test_a_run_that_no_line_names_any_more_goes(tmp_path: Path):
    """The file holds what is compared with, not its history: git does that."""
    baselines.write_lines(tmp_path, [line_of()], [RUN])
    baselines.write_lines(tmp_path, [line_of(run="s2")], [LATER])

    assert {"s2": LATER} == baselines.read(tmp_path).runs


def test_new_only_adds_and_changes_nothing(tmp_path: Path):
    """``--llmeval-baseline-update=new-only``."""
    baselines.write_lines(tmp_path, [line_of("eu", score=0.5)], [RUN])
    baselines.write_lines(
        tmp_path, [line_of("eu", score=0.0, run="s2"), line_of("us", run="s2")], [LATER], new_only=True
    )
    lines = baselines.read(tmp_path).lines

    assert {"eu": (0.5, 1.0), "us": (0.5, 1.0)} == {id_.case: line.scores for id_, line in lines.items()}


def test_equal_lines_give_equal_bytes_in_any_order(tmp_path: Path):
    """Stable bytes: a diff shows changes and nothing else."""
    lines = [line_of(case, test=f"t.py::test_{n}") for case in "abc" for n in range(2)]
    baselines.write_lines(tmp_path / "a", lines, [RUN, LATER])
    for line in reversed(lines):
        baselines.write_lines(tmp_path / "b", [line], [replace(RUN, versions=dict(RUN.versions))])

    assert text_of(tmp_path / "a") == text_of(tmp_path / "b")


def test_writing_what_is_stored_changes_no_file(tmp_path: Path):
    """Not even its time."""
    (path,) = baselines.write_lines(tmp_path, [line_of()], [RUN])
    stamp = path.stat().st_mtime_ns, path.stat().st_ino

    assert [] == baselines.write_lines(tmp_path, [line_of()], [RUN])
    assert stamp == (path.stat().st_mtime_ns, path.stat().st_ino)


def test_a_line_without_a_draw_replaces_nothing(tmp_path: Path):
    """Unscored is not a score: the stored one stays."""
    baselines.write_lines(tmp_path, [line_of()], [RUN])
    before = text_of(tmp_path)

    assert [] == baselines.write_lines(tmp_path, [replace(line_of(), draws=(), n_unscored=2)], [LATER])
    assert before == text_of(tmp_path)


def test_nothing_to_write_makes_no_folder(tmp_path: Path):
    """An empty session leaves no trace."""
    assert [] == baselines.write_lines(tmp_path / "baselines", [], [])
    assert [] == list(tmp_path.iterdir())


def test_a_draw_of_an_unknown_run_is_refused_before_anything_is_written(tmp_path: Path):
    """What would be unreadable is not written."""
    with pytest.raises(BaselineError, match=r"name run 's9', which is not known"):
        baselines.write_lines(tmp_path, [line_of(), line_of(test="u.py::test", run="s9")], [RUN])

    assert {} == text_of(tmp_path)


def test_nothing_is_written_beside_a_file_that_is_malformed(tmp_path: Path):
    """The good file of the same update stays as it was, too."""
    good, bad = baselines.write_lines(tmp_path, [line_of(test="a.py::test"), line_of(test="b.py::test")], [RUN])
    bad.write_text("")
    before = text_of(tmp_path)

    with pytest.raises(BaselineUnreadable):
        baselines.write_lines(tmp_path, [line_of(test="a.py::test", score=0.0), line_of(test="b.py::test")], [RUN])

    assert before == text_of(tmp_path)
    assert good.exists()


def test_a_folder_that_cannot_be_written_is_a_named_error(tmp_path: Path):
    """FAULTS 9; the stored files are whole."""
    (tmp_path / "tests").write_text("in the way")

    with pytest.raises(BaselineError, match="cannot be written") as caught:
        baselines.write_lines(tmp_path, [line_of()], [RUN])

    assert "tests" in caught.value.found
    assert {"tests": "in the way"} == text_of(tmp_path)


def test_a_file_that_a_killed_writer_left_half_written_is_not_read(tmp_path: Path):
    """FAULTS 1: and the next writer clears it."""
    (path,) = baselines.write_lines(tmp_path, [line_of()], [RUN])
    path.with_name(f".{path.name}.tmp").write_text("{")

    assert 1 == len(baselines.read(tmp_path).lines)
    baselines.write_lines(tmp_path, [line_of(score=0.0)], [RUN])
    assert [path] == [found for found in tmp_path.rglob("*") if found.is_file()]


def write_one_by_one(folder: str, writer: int, n_lines: int) -> None:
    """Add lines to one file, each in an update of its own."""
    for number in range(n_lines):
        baselines.write_lines(Path(folder), [line_of(f"{writer}-{number}")], [RUN])


def test_two_writers_at_once_lose_no_line(tmp_path: Path):
    """FAULTS 8: real processes on one file, each update read, merged and written under the lock."""
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=write_one_by_one, args=(str(tmp_path), writer, 25)) for writer in range(2)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(60)

    assert [0, 0] == [process.exitcode for process in writers]
    assert {f"{writer}-{number}" for writer in range(2) for number in range(25)} == {
        id_.case for id_ in baselines.read(tmp_path).lines
    }
    assert 1 == len([path for path in tmp_path.rglob("*") if path.is_file()])


def test_a_session_is_described_as_the_run_of_its_draws():
    """The model under test is the one the test's own calls name; judge calls have no trial."""
    calls = tuple(
        Response(text="", request=Request(model=model, messages=(), trial=trial))
        for model, trial in [("b", 0), ("a", 1), ("judge", None)]
    )
    result = CaseResult(nodeid="t", id=CaseId("t"), trials=(Trial(index=0, calls=calls),))
    session = Session(id="s1", started_at="2026-01-31", commit="abc", versions={"python": "3.11"}, results=(result,))

    expected = BaselineRun(id="s1", recorded_at="2026-01-31", commit="abc", model="a,b", versions={"python": "3.11"})
    assert expected == baselines.run_of(session)


def session_of(*values: float | None, **fields: object) -> Session:
    """Return a session of one case with a trial for each value."""
    checks = [Check(score=Score(metric="m", value=value, reason="no answer")) for value in values]
    trials = tuple(Trial(index=index, checks=(check,)) for index, check in enumerate(checks))
    result = CaseResult(nodeid="t", id=CaseId("t"), n_planned=len(trials), trials=trials)
    return Session(
        id="s1", started_at="", plan=Plan(cases={"t": PlannedCase(id=result.id)}), results=(result,), **fields
    )


@pytest.mark.parametrize(
    ("session", "found"),
    [
        (session_of(0.5, stopped="-x"), "it was stopped (-x)"),
        (session_of(0.5, lost=("t.py::a",)), "'t.py::a' brought no result"),
        (session_of(0.5, lost=("t.py::a", "t.py::b", "t.py::c")), "'t.py::a' and 2 more brought no result"),
        (session_of(*[0.5] * 8, None, None), "8 of 10 checks have a score, and 90% are needed"),
    ],
)
def test_a_partial_session_makes_no_baseline(session: Session, found: str):
    """Decision 11: refused, with the reason and the way to insist."""
    with pytest.raises(BaselineError, match="session 's1' is partial and makes no baseline") as caught:
        baselines.refuse_partial(session)

    assert found == caught.value.found
    assert "--force" in caught.value.hint


@pytest.mark.parametrize(
    "session",
    [session_of(0.0), session_of(*[0.5] * 9, None), session_of(0.5, selection="-k refund"), session_of()],
    ids=["bad scores", "nine of ten scored", "a selection", "nothing"],
)
def test_a_session_that_ran_to_its_end_may_become_a_baseline(session: Session):
    """A selection touches no other line, so it is not partial."""
    assert baselines.refuse_partial(session) is None

"""Sessions on disk, read in passing: how their means were, and what was answered."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.gather import past, session_file
from pytest_llmeval.records import Trial
from tests.unit.sessions import RELEVANCE, answer, relevance, session


def stored(folder, number: int, **changes: object) -> None:
    """Store a session of that day in January."""
    summaries = (replace(RELEVANCE, mean=number / 100),)
    session_file.write(session(id=f"202601{number:02}T120000Z-aaaa", summaries=summaries, **changes), folder)


def test_the_sessions_before_are_read_without_their_results(tmp_path) -> None:
    """The oldest first, the newest of them where there are many; not the session itself, nor a later one."""
    for number in range(1, 7):
        stored(tmp_path, number)

    found = past.before(tmp_path, session(id="20260105T120000Z-aaaa"), most=3)

    assert [0.02, 0.03, 0.04] == [one.summaries[0].mean for one in found]
    assert {()} == {one.results for one in found}
    assert () == past.before(tmp_path / "none", session(), most=3)
    assert 0.05 == past.before(tmp_path, session(id="20260105T120000Z-0000"), most=3)[-1].summaries[0].mean


def test_a_session_that_did_not_run_whole_has_no_mean_to_show(tmp_path) -> None:
    """A selection, an early stop and lost tests; and a file that is damaged, or of something else."""
    stored(tmp_path, 1, selection="-k refund")
    stored(tmp_path, 2, stopped="-x")
    stored(tmp_path, 3, lost=("a::t",))
    stored(tmp_path, 4)
    (tmp_path / "sessions" / "20260105T000000Z-bbbb.jsonl").write_text('{"summaries": 1}\n')
    (tmp_path / "sessions" / "20260106T000000Z-bbbb.jsonl").write_text("cut")

    assert [0.04] == [one.summaries[0].mean for one in past.before(tmp_path, session(id="2027"), most=9)]


def test_of_one_branch_only_where_that_is_asked_for(tmp_path) -> None:
    """The others' means say nothing of this one's."""
    for number in range(1, 7):
        stored(tmp_path, number, branch=("main", "feature")[number % 2])

    found = past.before(tmp_path, session(id="2027"), most=2, branch="main")

    assert [0.04, 0.06] == [one.summaries[0].mean for one in found]


def test_of_a_folder_of_years_only_the_newest_are_looked_at(tmp_path, monkeypatch) -> None:
    """A branch that nobody ran for long costs a hundred first lines, and no more."""
    (tmp_path / "sessions").mkdir()
    for number in range(300):
        (tmp_path / "sessions" / f"20260101T000{number:03}Z-aaaa.jsonl").write_text("cut")
    read = []
    monkeypatch.setattr(session_file, "_check_format", lambda path, head: None)
    monkeypatch.setattr(session_file, "_object", lambda path, number, line: read.append(path.name) or {"kind": "x"})

    assert () == past.before(tmp_path, session(id="2027"), most=9, branch="main")
    assert [f"20260101T000{number:03}Z-aaaa.jsonl" for number in range(299, 199, -1)] == read


def test_answers_are_found_by_their_origin(tmp_path) -> None:
    """A model's whole, the application's own as far as it is kept; nothing that was not asked for."""
    call = replace(answer("a whole answer", origin="o1"))
    trial = Trial(index=0, calls=(call,), checks=(replace(relevance(0.5, "made of it"), origin="of it"),))
    result = replace(session().results[0], trials=(trial,))
    session_file.write(session(results=(result,)), tmp_path)

    found = past.answers(tmp_path, session().id, {"o1", "of it", "elsewhere"})

    assert {"o1": "a whole answer", "of it": "made of it"} == found
    assert {} == past.answers(tmp_path, "unknown", {"o1"})
    assert {} == past.answers(tmp_path, f"../sessions/{session().id}", {"o1"})


def test_of_two_sessions_in_one_second_each_is_the_others_past():
    """What stands behind the second is random, and tells nothing of their order."""
    assert not past.is_own_or_later("20260101T000000Z-ffff", "20260101T000000Z-0000")
    assert not past.is_own_or_later("20260101T000000Z-0000", "20260101T000000Z-ffff")
    assert past.is_own_or_later("20260101T000000Z-0000", "20260101T000000Z-0000")
    assert past.is_own_or_later("20260101T000001Z-0000", "20260101T000000Z-ffff")

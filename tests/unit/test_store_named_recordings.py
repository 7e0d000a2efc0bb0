"""Promises of taking recordings out: what is named stays, and so does what others append meanwhile."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from pytest_llmeval.errors import StoreError
from pytest_llmeval.records import CheckId, Draw, Line, digest
from pytest_llmeval.store import named_recordings
from pytest_llmeval.store.record import to_line
from pytest_llmeval.store.recordings import Recordings
from tests.unit.test_commands_baseline_doctor import response_of

N_APPENDED = 60


def line_of(*origins: str) -> Line:
    """Return a line whose draws have these origins."""
    return Line(id=CheckId("t.py::t", "", "m"), suite="", draws=tuple(Draw(1.0, "s1", origin) for origin in origins))


def test_what_a_draw_names_or_a_session_used_is_needed():
    """By the answer's origin, or by that of its text alone; a draw without an origin names nothing."""
    first, second, third, fourth = (response_of(text, 0) for text in "abcd")
    of_text = digest([second.text, second.origin])[:16]

    found = named_recordings.unneeded(
        [first, second, third, fourth], [line_of(first.origin, ""), line_of(of_text)], {third.origin}
    )

    assert {fourth.origin} == found


def test_where_a_draw_stands_on_what_nobody_can_tell_nothing_is_unneeded():
    """It may stand on any of them."""
    first = response_of("a", 0)

    assert None is named_recordings.unneeded([first], [line_of("of several answers")], ())


def test_other_lines_stay_byte_for_byte(tmp_path: Path):
    """Damaged ones, and a last line without its end, included."""
    path = tmp_path / "t.jsonl"
    first, second = response_of("a", 0), response_of("b", 1)
    damaged = to_line(second).replace('"text": "b"', '"text": "x"')
    path.write_text(f"{damaged}\n{to_line(first)}\n\n{to_line(second)}")

    assert 1 == named_recordings.drop(path, {first.origin})
    assert f"{damaged}\n\n{to_line(second)}" == path.read_text()


def test_a_file_that_is_broken_is_left_as_it_is(tmp_path: Path):
    """A conflict is a person's to solve."""
    path = tmp_path / "t.jsonl"
    path.write_text(f"{to_line(response_of('a', 0))}\n<<<<<<< HEAD\n")
    before = path.read_bytes()

    for act in (named_recordings.read, lambda broken: named_recordings.drop(broken, {"x"})):
        with pytest.raises(StoreError, match="line 2 is broken"):
            act(path)
    assert before == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def append(path: str) -> None:
    """Record answers one by one, and read each back, as a running pytest does."""
    recordings = Recordings(Path(path), on_first_write=lambda _: None)
    for number in range(N_APPENDED):
        response = response_of(f"answer {number}", number)
        recordings.put(response)
        assert recordings.get(response.key, response.request) is not None


def test_what_is_recorded_while_others_are_taken_out_is_not_lost(tmp_path: Path):
    """A run in one process, a prune in this one; each answer was paid for."""
    path = tmp_path / "t.jsonl"
    fork = multiprocessing.get_context("fork")
    writer = fork.Process(target=append, args=(str(path),))
    old = [response_of("old", number) for number in range(1000, 1200)]
    path.write_text("".join(f"{to_line(response)}\n" for response in old))
    writer.start()
    for response in old:
        named_recordings.drop(path, {response.origin})
    writer.join(60)

    assert 0 == writer.exitcode
    assert {f"answer {number}" for number in range(N_APPENDED)} == {r.text for r in named_recordings.read(path)}

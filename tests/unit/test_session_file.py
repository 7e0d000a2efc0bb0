"""Promises of the session file: whole or as it was, readable by its owner only, never half read."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import CaseId, CaseResult, Check, Plan, PlannedCase, Score, Session, Trial

CASE = CaseResult(nodeid="t.py::test[é]", id=CaseId("t.py::test", "é"), trials=(Trial(index=0),))
SESSION = Session(
    id="20260131T120000Z-1f2e3d4c",
    started_at="2026-01-31T12:00:00Z",
    plan=Plan(cases={CASE.nodeid: PlannedCase(id=CASE.id)}),
    results=(CASE,),
    versions={"python": "3.11", "llmeval": "0.1.0"},
)


def test_a_session_is_stored_under_its_id_and_as_the_newest(tmp_path: Path):
    """``session.jsonl`` is what the next command reads."""
    path = session_file.write(SESSION, tmp_path)

    assert tmp_path / "sessions" / "20260131T120000Z-1f2e3d4c.jsonl" == path
    assert SESSION == session_file.read(path) == session_file.read(tmp_path / "session.jsonl")


def test_the_newest_session_replaces_the_one_before_and_both_are_kept(tmp_path: Path):
    """One file a session, and one name for the last."""
    later = replace(SESSION, id="20260201T120000Z-00000000")
    first, second = session_file.write(SESSION, tmp_path), session_file.write(later, tmp_path)

    assert later == session_file.read(tmp_path / "session.jsonl") == session_file.read(second)
    assert SESSION == session_file.read(first)


def test_the_lines_say_what_they_are(tmp_path: Path):
    """The form that other programs read."""
    lines = session_file.write(SESSION, tmp_path).read_text().splitlines()

    assert lines[0].startswith('{"kind":"session","format":1,')
    assert lines[1].startswith('{"kind":"case",')
    assert '{"kind":"end","n":1}' == lines[2]
    assert "t.py::test[é]" == json.loads(lines[1])["nodeid"]


def test_nobody_else_can_read_it(tmp_path: Path):
    """FAULTS 30: 0600 in 0700, whatever the umask is."""
    old = os.umask(0)
    try:
        path = session_file.write(SESSION, tmp_path / ".llmeval")
    finally:
        os.umask(old)

    modes = [
        stat.S_IMODE(p.stat().st_mode)
        for p in (path, path.parent, path.parent.parent, tmp_path / ".llmeval" / "session.jsonl")
    ]
    assert [0o600, 0o700, 0o700, 0o600] == modes


def test_nothing_else_is_left_in_the_folder(tmp_path: Path):
    """No temporary file stays behind."""
    session_file.write(SESSION, tmp_path)

    assert ["session.jsonl", "sessions", "sessions/20260131T120000Z-1f2e3d4c.jsonl"] == sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")
    )


def test_equal_sessions_give_equal_bytes(tmp_path: Path):
    """Whatever order a mapping was filled in."""
    other = replace(SESSION, versions={"llmeval": "0.1.0", "python": "3.11"})

    first = session_file.write(SESSION, tmp_path / "a").read_bytes()
    assert first == session_file.write(other, tmp_path / "b").read_bytes()


def test_a_check_that_json_cannot_hold_is_stored_as_unscored(tmp_path: Path):
    """The session outlives it."""
    bad = Check(score=Score(metric="m", value=1.0, detail={"a": object()}))
    path = session_file.write(replace(SESSION, results=(replace(CASE, checks=(bad,)),)), tmp_path)

    assert "cannot be stored" in session_file.read(path).results[0].checks[0].score.reason


def test_a_folder_that_cannot_be_written_is_a_named_error_and_the_old_file_is_whole(tmp_path: Path):
    """FAULTS 9."""
    session_file.write(SESSION, tmp_path)
    (tmp_path / "sessions" / "next.jsonl").mkdir()

    with pytest.raises(StoreError, match="session 'next' cannot be stored in") as caught:
        session_file.write(replace(SESSION, id="next"), tmp_path)

    assert "directory" in caught.value.found
    assert SESSION == session_file.read(tmp_path / "session.jsonl")
    assert [] == list(tmp_path.rglob("*.tmp"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always-full device")
def test_a_full_disk_is_a_named_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every write goes to a device that is always full."""
    real_open = os.open
    monkeypatch.setattr(
        os,
        "open",
        lambda path, flags, *rest: real_open("/dev/full" if str(path).endswith(".tmp") else path, flags, *rest),
    )

    with pytest.raises(StoreError, match="cannot be stored") as caught:
        session_file.write(SESSION, tmp_path)

    assert "No space left on device" in caught.value.found


@pytest.mark.parametrize("bad_id", ["", ".", "..", "../x", "a/b", "a b", "é", "a\n"])
def test_an_id_that_is_no_file_name_is_refused(tmp_path: Path, bad_id: str):
    """A merged session's id comes from a file."""
    with pytest.raises(StoreError, match="cannot name a file"):
        session_file.write(replace(SESSION, id=bad_id), tmp_path)

    assert [] == list(tmp_path.iterdir())


def test_a_missing_file_says_what_to_do(tmp_path: Path):
    """The first thing a newcomer sees who runs the second command first."""
    with pytest.raises(StoreError, match="there is no session file") as caught:
        session_file.read(tmp_path / "session.jsonl")

    assert "run pytest first: it writes one" == caught.value.hint


def test_a_newer_format_is_refused_by_name(tmp_path: Path):
    """Not "malformed": the cure is another one."""
    path = tmp_path / "session.jsonl"
    path.write_text('{"kind":"session","format":2,"shape":"round"}\n{"kind":"end","n":0}\n')

    with pytest.raises(SchemaTooNew, match="has format 2, and this version reads 1"):
        session_file.read(path)


HEAD = b'{"kind":"session","format":1,"id":"a","started_at":"b"}\n'
END = b'{"kind":"end","n":0}\n'


@pytest.mark.parametrize(
    ("data", "line", "fault"),
    [
        (b"", 1, "truncated: no newline at the end"),
        (HEAD[:-1], 1, "truncated: no newline at the end"),
        (HEAD, 1, "truncated: the last line is not of kind 'end'"),
        (HEAD + b'{"kind":"end","n":1}\n', 2, "after 0 cases"),
        (HEAD + END + b'{"kind":"end","n":1}\n', 2, "expected kind 'case', found 'end'"),
        (HEAD + b"[]\n" + END, 2, "not a JSON object"),
        (HEAD + b"{\n" + END, 2, "not JSON"),
        (HEAD + b'{"kind":"case","nodeid":"n"}\n{"kind":"end","n":1}\n', 2, "CaseResult.id is missing"),
        (HEAD + b'{"kind":"case","nodeid":"\xff"}\n' + END, 2, "not UTF-8"),
        (END, 1, "not a session file"),
        (b'{"kind":"session","id":"a","started_at":"b"}\n' + END, 1, "unknown format None"),
        (b'{"kind":"session","format":1,"id":"a"}\n' + END, 1, "Session.started_at is missing"),
    ],
)
def test_a_malformed_file_is_an_error_with_line_and_kind(tmp_path: Path, data: bytes, line: int, fault: str):
    """Never a session with less in it."""
    path = tmp_path / "session.jsonl"
    path.write_bytes(data)

    with pytest.raises(StoreError) as caught:
        session_file.read(path)

    assert f"session file {str(path)!r} is malformed at line {line}" == caught.value.what
    assert fault in caught.value.found

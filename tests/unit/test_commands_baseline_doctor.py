"""Promises of ``llmeval baseline doctor``: every way a baseline can be wrong, with file, line and cure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.records import Outcome, Request, Response
from pytest_llmeval.store import baseline_doctor
from pytest_llmeval.store.record import to_line
from tests.unit.baseline_project import EU, US, Checkout, result_of
from tests.unit.test_baselines_malformed import GOOD, LINE, RUN, rows

if TYPE_CHECKING:
    from pathlib import Path

FILE = "t/test.jsonl"
LATER = {**LINE, "case": "us"}
PLAIN = {**LINE, "origins": ["", ""]}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Return a project without recordings, so that nothing is missed in them."""
    monkeypatch.setenv("LLMEVAL_RECORDINGS", "")
    return Checkout(tmp_path / "project", monkeypatch, capsys)


def put(checkout: Checkout, data: bytes, name: str = FILE) -> None:
    """Put a file into the baseline."""
    path = checkout.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def spelt(*values: dict) -> bytes:
    """Return a file of these rows as ``accept`` spells it."""
    scored = [{**row, "scores": [float(s) for s in row["scores"]]} if "scores" in row else row for row in values]
    dumped = (json.dumps(row, separators=(",", ":"), sort_keys=True) for row in scored)
    return "".join(f"{line}\n" for line in dumped).encode()


def test_a_baseline_as_accept_writes_it_is_well(checkout: Checkout):
    """The control of all that follows."""
    checkout.run(result_of(EU, 1.0), result_of(US, 0.5))
    checkout.accept("--expires", "2999-12-31")

    assert "0 wrong in 1 files of baselines" in checkout.call("doctor")


@pytest.mark.parametrize(
    ("data", "line", "kind", "cure"),
    [
        (b"", ":1", "the file is empty", "git checkout --"),
        (GOOD[:-1], ":2", "truncated, no newline at the end", "git checkout --"),
        (rows(LINE), ":1", "truncated: run 's1'", "git checkout --"),
        (b"\xef\xbb\xbf" + GOOD, ":1", "byte order mark", "save the file as UTF-8"),
        (GOOD.replace(b"0.5, 1]", b"NaN, 1]"), ":1", "NaN is not a number", "mend the line"),
        (GOOD.replace(b'"nth": 0', b'"nth": 0, "nth": 0'), ":1", "duplicate key 'nth'", "mend the line"),
        (rows(LINE) + b"=======\n" + rows(RUN), ":2", "conflict marker '======='", "take one side"),
        (GOOD.replace(b"0.5, 1]", b"1.5, 1]"), ":1", "scores.0: Input should be less than or equal to 1", "mend"),
        (rows({**LINE, "colour": "red"}, RUN), ":1", "colour: Extra inputs are not permitted", "mend the line"),
        (rows(LINE, {**LINE, "scores": [0.0, 0.0]}, RUN), ":2", "duplicate line", "delete one of the two"),
        (rows({**LINE, "test": "u.py::test"}, RUN), ":1", "test 'u.py::test' belongs into 'u/test.jsonl'", "move"),
        (rows({**LINE, "expires": 1}, RUN), ":1", "expires: Extra inputs", "mend the line"),
        (rows(LINE, {**RUN, "format": 2}), ":2", "format 2 of a newer version", "pip install --upgrade"),
        (spelt(LATER, LINE, RUN), "", "unsorted", "--fix writes it anew"),
        (spelt(LINE, RUN).replace(b"\n", b"\r\n"), "", "not spelt as `accept` does", "--fix writes it anew"),
        (spelt(LINE, LINE, RUN), ":2", "duplicate, equal to the letter", "--fix drops it"),
        (spelt(LINE, RUN, {**RUN, "id": "s2"}), ":3", "unused: no line names run 's2'", "--fix drops it"),
        (spelt(RUN), ":1", "unused: no line names run 's1'", "--fix drops it"),
    ],
)
def test_what_is_wrong_is_named_with_place_and_cure(checkout: Checkout, data: bytes, line: str, kind: str, cure: str):
    """FAULTS 12; exit status 4."""
    put(checkout, data)

    told = checkout.call("doctor", status=4)

    row = next(row for row in told.splitlines() if kind in row)
    assert row.startswith(f"baselines/{FILE}{line} ")
    assert cure in row


def test_every_fault_of_every_file_is_named_at_once(checkout: Checkout):
    """Not one a run."""
    put(checkout, b"{\n" + rows({**LINE, "nth": -1}) + b"[]\n<<<<<<< HEAD\n" + rows(RUN))
    put(checkout, b"", "t/other.jsonl")

    told = checkout.call("doctor", status=4)

    assert [":1", ":2", ":3", ":4"] == [row.split()[0][-2:] for row in told.splitlines() if f"{FILE}:" in row]
    assert "5 wrong in 2 files" in told


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("t/test.jsonl.orig", "foreign file, never read"),
        ("t/.test.jsonl.tmp", "left behind by a killed writer"),
        ("@re lease/t/test.jsonl", "no name of a baseline"),
    ],
)
def test_what_does_not_belong_into_the_folder_is_named(checkout: Checkout, name: str, kind: str):
    """Left behind by a merge, an editor or a kill."""
    put(checkout, b"x", name)

    assert kind in checkout.call("doctor", status=4)


def test_documents_and_other_baselines_are_welcome(checkout: Checkout):
    """A README, git's own files, a named baseline: which has a doctor's visit of its own."""
    for name in ("README.md", ".gitattributes", "@release/t/test.jsonl"):
        put(checkout, b"x", name)

    assert "0 wrong" in checkout.call("doctor")
    assert "1 wrong" in checkout.call("doctor", "--baseline=@release", status=4)


def test_a_file_that_cannot_be_opened_is_named(checkout: Checkout):
    """A dangling link."""
    (checkout.folder / "t").mkdir(parents=True)
    (checkout.folder / FILE).symlink_to("nowhere")

    assert "cannot be read" in checkout.call("doctor", status=4)


def test_fix_mends_what_needs_no_choice_and_touches_nothing_else(checkout: Checkout):
    """Order, doubles, unused runs, what a kill left; a file that needs a choice stays byte for byte."""
    broken = rows(LINE, {**LINE, "scores": [0.0, 0.0]}, RUN)
    put(checkout, rows(LATER, LINE, LINE, {**RUN, "id": "s2"}, RUN, RUN))
    put(checkout, broken, "b/test.jsonl")
    put(checkout, spelt(RUN), "c/test.jsonl")
    put(checkout, b"x", "t/.test.jsonl.tmp")

    told = checkout.call("doctor", "--fix", status=4)

    assert {FILE: spelt(LINE, LATER, RUN), "b/test.jsonl": broken} == checkout.bytes()
    assert "mended baselines/t/test.jsonl" in told
    # What is left is the other file's: its lines belong to another test, and one stands twice.
    assert [] == [row for row in told.splitlines() if f"{FILE}:" in row and "mended" not in row]
    assert [] == baseline_doctor.mend(checkout.folder)


def test_an_expired_acceptance_is_named(checkout: Checkout):
    """From the day after its last."""
    accepted = {"reason": "weak", "author": "Ada", "accepted_at": "2026-01-01T00:00:00Z", "expires": "2026-01-31"}
    put(checkout, spelt({**PLAIN, "acceptance": accepted}, RUN))

    told = checkout.call("doctor", status=4)

    assert f"baselines/{FILE}:1 t.py::test[eu] relevance: its acceptance expired on 2026-01-31 (Ada: weak)" in told


def test_an_acceptance_until_no_day_is_malformed(checkout: Checkout):
    """It would never end."""
    accepted = {"reason": "weak", "author": "Ada", "accepted_at": "", "expires": "soon"}
    put(checkout, spelt({**LINE, "acceptance": accepted}, RUN))

    assert "'soon' is no date such as 2026-12-31" in checkout.call("doctor", status=4)
    assert "'soon' is no date such as 2026-12-31" in checkout.call("show", status=4)


def test_scores_of_an_older_version_of_a_metric_are_named(checkout: Checkout):
    """Of ours as they are installed, of the user's as the last session measured them."""
    solved, by_meaning = {**PLAIN, "metric": "solved", "metric_version": "7"}, {**PLAIN, "nth": 1}
    put(checkout, spelt({**PLAIN, "metric_version": "0"}, {**by_meaning, "metric_version": "semantic-2"}, solved, RUN))

    told = checkout.call("doctor", status=4)
    assert "relevance: scored by version 0 of the metric, which is 2, semantic-2 now" in told
    assert "by version semantic-2" not in told
    assert "solved:" not in told

    checkout.run(result_of(EU, 1.0))
    assert "solved: scored by version 7 of the metric, which is 1 now" in checkout.call("doctor", status=4)


def response_of(text: str, trial: int) -> Response:
    """Return a recorded answer."""
    from pytest_llmeval.calls.key import cache_key, origin

    request = Request(model="m", messages=({"role": "user", "content": "?"},), trial=trial)
    at = "2026-01-31T12:00:00.000000Z"
    key = cache_key(request)
    return Response(
        text=text, request=request, outcome=Outcome.OK, recorded_at=at, key=key, origin=origin(key, text, at)
    )


def test_draws_whose_answers_are_in_no_recording_are_named(checkout: Checkout, monkeypatch: pytest.MonkeyPatch):
    """One of two is gone: a fault. None can be found: perhaps texts of several answers, so a note."""
    monkeypatch.delenv("LLMEVAL_RECORDINGS")
    first, second = response_of("a", 0), response_of("b", 1)
    put(checkout, spelt({**LINE, "origins": [first.origin, second.origin]}, RUN))
    recordings = checkout.write("recordings/t.jsonl", f"{to_line(first)}\n{to_line(second)}\n")
    assert "0 wrong" in checkout.call("doctor")

    recordings.write_text(f"{to_line(first)}\n")
    told = checkout.call("doctor", status=4)
    assert "t.py::test[eu] relevance: 1 of 2 draws are in no recording restore the recordings" in told

    recordings.write_text(f"{to_line(response_of('c', 0))}\n")
    told = checkout.call("doctor")
    assert "note" in told
    assert f"baselines/{FILE} 1 of 1 lines stand on answers that no recording is known by" in told

    recordings.unlink()
    assert "2 of 2 draws are in no recording restore" in checkout.call("doctor", status=4)

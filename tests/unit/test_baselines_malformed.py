"""FAULTS 12: a baseline that is malformed in any way is an error with file, line and kind; never "no baseline"."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.errors import BaselineUnreadable
from pytest_llmeval.store import baselines

if TYPE_CHECKING:
    from pathlib import Path

LINE = {
    "case": "eu",
    "input_hash": "h",
    "kind": "line",
    "metric": "relevance",
    "metric_version": "2",
    "nth": 0,
    "origins": ["o1", ""],
    "runs": ["s1", "s1"],
    "scores": [0.5, 1],
    "suite": "",
    "test": "t.py::test",
    "threshold": 0.5,
}
RUN = {"commit": "", "format": 1, "id": "s1", "kind": "run", "model": "", "recorded_at": "2026-01-31", "versions": {}}


def rows(*values: dict) -> bytes:
    """Return a file of these rows."""
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def without(row: dict, name: str) -> dict:
    """Return the row without a field."""
    return {key: value for key, value in row.items() if key != name}


GOOD = rows(LINE, RUN)


def read(folder: Path, data: bytes) -> object:
    """Read a baseline of this one file."""
    path = folder / "t" / "test.jsonl"
    path.parent.mkdir()
    path.write_bytes(data)
    return baselines.read(folder)


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        rows(RUN, LINE),
        rows(dict(reversed(LINE.items())), RUN),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b'"eu"', '"é"'.encode()),
    ],
    ids=["as written", "runs first", "other order of keys", "CRLF", "UTF-8"],
)
def test_what_an_editor_or_a_merge_does_without_harm_is_read(tmp_path: Path, data: bytes):
    """The control of the next test: its good file is good."""
    assert 1 == len(read(tmp_path, data).lines)


@pytest.mark.parametrize(
    ("data", "line", "kind"),
    [
        (b"", 1, "the file is empty"),
        (b"\n", 1, "not JSON"),
        (GOOD[:-1], 2, "truncated, no newline at the end"),
        (GOOD[:40], 1, "truncated, no newline at the end"),
        (rows(LINE), 1, "truncated: run 's1' of 't.py::test[eu] relevance' is missing"),
        (b"\xef\xbb\xbf" + GOOD, 1, "byte order mark"),
        (GOOD.decode().encode("utf-16"), 1, "invalid UTF-8"),
        (GOOD.replace(b'"model": ""', b'"model": "\xff"'), 2, "invalid UTF-8"),
        (b"<<<<<<< HEAD\n" + GOOD, 1, "conflict marker '<<<<<<<'"),
        (rows(LINE) + b"=======\n" + rows(RUN), 2, "conflict marker '======='"),
        (rows(LINE, LINE, RUN), 2, "duplicate line 't.py::test[eu] relevance'"),
        (rows(LINE, RUN, RUN), 3, "duplicate run 's1'"),
        (GOOD.replace(b'"nth": 0', b'"nth": 0, "nth": 0'), 1, "duplicate key 'nth'"),
        (GOOD.replace(b"0.5, 1]", b"NaN, 1]"), 1, "NaN is not a number"),
        (GOOD.replace(b"0.5, 1]", b"-Infinity, 1]"), 1, "-Infinity is not a number"),
        (GOOD.replace(b"0.5, 1]", b"1e999, 1]"), 1, "scores.0: Input should be a finite number"),
        (GOOD.replace(b"0.5, 1]", b"1.5, 1]"), 1, "scores.0: Input should be less than or equal to 1"),
        (GOOD.replace(b"0.5, 1]", b"0.5, -0.1]"), 1, "scores.1: Input should be greater than or equal to 0"),
        (GOOD.replace(b"0.5, 1]", b"0.5, true]"), 1, "scores.1: Input should be a valid number"),
        (GOOD.replace(b"0.5, 1]", b'0.5, "1"]'), 1, "scores.1: Input should be a valid number"),
        (GOOD.replace(b"0.5, 1]", b"0.5, null]"), 1, "scores.1: Input should be a valid number"),
        (GOOD.replace(b"0.5, 1]", b"1]"), 1, "arrays of unequal length: 1 scores, 2 runs, 2 origins"),
        (rows({**LINE, "scores": [], "runs": [], "origins": []}, RUN), 1, "scores: List should have at least 1 item"),
        (rows({**LINE, "threshold": 2.0}, RUN), 1, "threshold: Input should be less than or equal to 1"),
        (rows({**LINE, "nth": -1}, RUN), 1, "nth: Input should be greater than or equal to 0"),
        (rows({**LINE, "case": 7}, RUN), 1, "case: Input should be an instance of str"),
        (rows({**LINE, "colour": "red"}, RUN), 1, "colour: Extra inputs are not permitted"),
        (rows(without(LINE, "input_hash"), RUN), 1, "input_hash: Field required"),
        (rows({**LINE, "kind": "verdict"}, RUN), 1, "Input tag 'verdict' found using 'kind'"),
        (rows(without(LINE, "kind"), RUN), 1, "Unable to extract tag"),
        (rows({**LINE, "test": "u.py::test"}, RUN), 1, "test 'u.py::test' belongs into 'u/test.jsonl'"),
        (rows({**LINE, "acceptance": {"reason": "x"}}, RUN), 1, "acceptance.author: Field required"),
        (
            rows({**LINE, "shape": "round"}, {**RUN, "format": 2}),
            2,
            "format 2 of a newer version, and this one reads 1",
        ),
        (rows(LINE, without(RUN, "format")), 2, "format: Field required"),
        (rows(LINE, {**RUN, "id": "s2"}), 2, "truncated: run 's1'"),
        (rows(LINE, RUN) + b"[]\n", 3, "Input should be a valid dictionary"),
        (rows(LINE, RUN) + b"[" * 100_000 + b"\n", 3, "nested too deeply"),
        (GOOD.replace(b'"nth": 0', b'"nth": ' + b"9" * 5000), 1, "Exceeds the limit"),
        (rows(LINE, RUN) + b'{"a":1}{"a":2}\n', 3, "not JSON: Extra data at column 8"),
    ],
)
def test_a_malformed_file_is_refused_with_file_line_and_kind(tmp_path: Path, data: bytes, line: int, kind: str):
    """And with the way out."""
    with pytest.raises(BaselineUnreadable) as caught:
        read(tmp_path, data)

    path = tmp_path / "t" / "test.jsonl"
    assert f"baseline file {str(path)!r} is malformed at line {line}" == caught.value.what
    assert kind in caught.value.found
    assert f"git checkout -- {path}" in caught.value.hint


def test_a_file_cut_at_any_byte_is_refused(tmp_path: Path):
    """Kill, full disk, broken checkout: no byte is dispensable."""
    whole = rows({**LINE, "runs": ["s1", "s2"]}, RUN, {**RUN, "id": "s2"})
    path = tmp_path / "t" / "test.jsonl"
    read(tmp_path, whole)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BaselineUnreadable):
            baselines.read(tmp_path)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path):
    """A dangling link, as a checkout without its submodule leaves."""
    (tmp_path / "test.jsonl").symlink_to(tmp_path / "nowhere")

    with pytest.raises(BaselineUnreadable, match=r"test\.jsonl' cannot be read"):
        baselines.read(tmp_path)


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path):
    """A README beside the lines is nobody's baseline."""
    (tmp_path / "README.md").write_text("# Baselines\n")

    assert 1 == len(read(tmp_path, GOOD).lines)

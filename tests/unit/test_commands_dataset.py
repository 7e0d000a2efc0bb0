"""Promises of ``llmeval dataset``: all problems at once, and JSON Lines that read as the file did."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval import datasets
from pytest_llmeval.commands import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cases(name):
    """Read the cases of a file of the current folder."""
    from pathlib import Path

    return datasets.unique(datasets.read(name, beside=Path.cwd()))


def test_check_says_what_is_in_files(folder, capsys):
    """Counts, tags, fields, equal inputs, and the fingerprint."""
    (folder / "a.jsonl").write_text(
        '{"id": "1", "input": "x", "tags": ["t", "t"]}\n{"id": "2", "input": "x", "lang": "en"}\n'
    )
    (folder / "b.csv").write_text("input,target\ny,z\n")

    assert 0 == main(["dataset", "check", "*"])

    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert ["a.jsonl", "JSON", "Lines", "llmeval", "2"] in rows
    assert ["b.csv", "CSV", "inspect", "1"] in rows
    assert ["t", "1"] in rows
    assert "beside input: expected (1), lang (1)\n" in out
    assert "same input under another id: 1 case, first a.jsonl:1 and a.jsonl:2\n" in out
    assert "3 cases, 0 problems\n" in out
    assert f"fingerprint: {datasets.fingerprint([*cases('a.jsonl'), *cases('b.csv')])}\n" in out


def test_check_lists_every_problem(folder, capsys):
    """A wrong row does not hide the next; a file that cannot be read on does not hide the other file."""
    (folder / "a.jsonl").write_text(
        '{"inptu": 1}\n{"id": [], "input": 1}\n{"input": 2}\n{"input": 2}\n{"input\n{"input": 3}\n'
    )
    (folder / "b.jsonl").write_text('{"input": 4, "tags": "\x1b[31mred"}\n'.replace("\x1b", "\\u001b"))

    assert 4 == main(["dataset", "check", "a.jsonl", "b.jsonl"])

    out = capsys.readouterr().out
    problems = [line for line in out.splitlines() if line.startswith("problem: ")]
    assert [
        "problem: a.jsonl:1 is not a case",
        "problem: a.jsonl:2 has the id []",
        "problem: a.jsonl:3 and a.jsonl:4 have one id, 'd4735e3a265e'",
        "problem: a.jsonl:5 is not JSON",
    ] == problems[:4]
    assert problems[4].startswith("problem: b.jsonl:1 has the tags ")
    assert "1 case, 5 problems\n" in out
    assert "fingerprint" not in out
    assert "\x1b" not in out


def test_check_of_a_thousand_problems_stays_short(folder, capsys):
    """The first are enough to see what is wrong."""
    (folder / "a.jsonl").write_text("{}\n" * 1000)

    assert 4 == main(["dataset", "check", "a.jsonl"])

    out = capsys.readouterr().out
    assert 20 == out.count("problem: ")
    assert out.endswith("and 980 problems more\n")


def test_convert_writes_what_reads_the_same(folder, capsysbinary):
    """To standard output as UTF-8, and into a file, which is not overwritten unawares."""
    (folder / "g.json").write_text(
        json.dumps(
            [{"input": "Wann? é", "expected_output": "Bald", "name": "n", "additional_metadata": {"tags": ["t"]}}]
        )
    )

    assert 0 == main(["dataset", "convert", "g.json"])
    printed = capsysbinary.readouterr().out
    assert 0 == main(["dataset", "convert", "g.json", "--output", "c.jsonl"])

    assert printed == (folder / "c.jsonl").read_bytes()
    assert "Wann? é" in printed.decode("utf-8")
    assert cases("g.json") == cases("c.jsonl")
    assert b"wrote 1 case to c.jsonl\n" == capsysbinary.readouterr().out
    assert 4 == main(["dataset", "convert", "g.json", "--output", "c.jsonl"])
    assert b"llmeval: --output='c.jsonl' exists\n" in capsysbinary.readouterr().err
    assert 0 == main(["dataset", "convert", "g.json", "--output", "c.jsonl", "--force"])
    assert ["c.jsonl", "g.json"] == sorted(path.name for path in folder.iterdir())


def test_convert_of_a_file_with_a_mistake_writes_nothing(folder, capsys):
    """Half a dataset would be taken for one."""
    (folder / "a.jsonl").write_text('{"input": 1}\n{"input": 1}\n')

    assert 4 == main(["dataset", "convert", "a.jsonl", "--output", "c.jsonl"])

    assert ["a.jsonl"] == [path.name for path in folder.iterdir()]
    assert "a.jsonl:1 and a.jsonl:2" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["check", "convert"])
def test_a_file_that_is_not_there_is_a_usage_error(folder, capsys, verb):
    """With the name that was given."""
    assert 4 == main(["dataset", verb, "nothing.jsonl"])

    assert "cannot read cases='nothing.jsonl'" in capsys.readouterr().err

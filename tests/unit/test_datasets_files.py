"""Which files a name stands for: below the root, or where the project allows it, and in a known order (FAULTS 26)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_llmeval import datasets
from pytest_llmeval.errors import UsageError


@pytest.fixture
def root(tmp_path):
    """A project with three files of one case each, and one beside the project."""
    for name in ("root/tests/a.jsonl", "root/tests/b.csv", "root/tests/more/c.jsonl", "elsewhere/d.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"input\n{path.stem}\n" if path.suffix == ".csv" else f'{{"input": "{path.stem}"}}\n')
    return tmp_path / "root"


def inputs(root, source, allowed=()):
    """Return the inputs of the cases that a source stands for."""
    placed = datasets.read(source, beside=root / "tests", root=root, allowed=allowed)
    return [case.input for case in datasets.unique(placed)]


def refused(root, source, allowed=()):
    """Return why a source is not taken."""
    with pytest.raises(UsageError) as caught:
        inputs(root, source, allowed)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.jsonl", ["a"]),
        (Path("a.jsonl"), ["a"]),
        ("../tests/b.csv", ["b"]),
        ("*.jsonl", ["a"]),
        ("*", ["a", "b"]),
        ("**/*.jsonl", ["a", "c"]),
        ("[ab].*", ["a", "b"]),
        ("more/../a.jsonl", ["a"]),
        ([Path("b.csv"), Path("a.jsonl"), "text", {"input": "dict"}], ["b", "a", "text", "dict"]),
        ([Path("llmeval:a.jsonl"), Path("more/*")], ["a", "c"]),
    ],
    ids=str,
)
def test_names_and_patterns_stand_for_files(root, source, expected):
    """A pattern's files come in the order of their paths, on every machine."""
    assert expected == inputs(root, source)


def test_a_file_whose_name_looks_like_a_pattern_is_itself(root):
    """Brackets are allowed in names."""
    (root / "tests" / "[ab].jsonl").write_text('{"input": "brackets"}\n')

    assert ["brackets"] == inputs(root, "[ab].jsonl")


def test_hidden_files_are_not_meant_by_a_pattern(root):
    """An editor's lock file is no dataset."""
    (root / "tests" / ".#a.jsonl").symlink_to("nobody@nowhere.1")

    assert ["a"] == inputs(root, "*.jsonl")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nothing.jsonl", ["there is no such file", "a path is relative to the test"]),
        ("promptfo:a.jsonl", ["there is no such file", "before the colon may stand llmeval, deepeval, promptfoo"]),
        ("*.yaml", ["matches no file"]),
        ("a\x00.jsonl", ["cannot read cases='a\\x00.jsonl'"]),
        ("a" * 5000 + ".jsonl", ["cannot read cases='aaa", "a path is relative to the test"]),
        ("circle.jsonl", ["cannot read cases="]),
        ("more", ["it is a folder", "name its files: more/*.jsonl"]),
        ("../../elsewhere/d.jsonl", ["lies outside the root", "llmeval_allowed_paths"]),
        ("../../elsewhere/*.jsonl", ["lies outside the root"]),
        ("../../elsewhere/nothing.jsonl", ["lies outside the root"]),
        (["a.jsonl"], ["the text 'a.jsonl', which is a file", "a file in a list is a Path"]),
        ([Path("a.jsonl"), Path("./a.jsonl")], ["tests/a.jsonl:1 and tests/a.jsonl:1"]),
        ([{"input": object()}], ["cases=, case 1 is not JSON"]),
        ([{"input": "a", "x": float("nan")}], ["cases=, case 1 is not JSON"]),
        ([3], ["cases=, case 1 is not a case"]),
        (3, ["cases=3 is not allowed"]),
    ],
    # Not by their values: an object's address is another one in each worker of xdist.
    ids=range(16),
)
def test_what_is_no_file_of_cases_is_refused(root, source, words):
    """Each with what to do."""
    (root / "tests" / "circle.jsonl").symlink_to("circle.jsonl")

    message = refused(root, source)

    assert [] == [word for word in words if word not in message]


def test_a_link_out_of_the_root_is_refused(root):
    """For a file and for a folder, by name and by pattern."""
    (root / "tests" / "link.jsonl").symlink_to(root.parent / "elsewhere" / "d.jsonl")
    (root / "tests" / "linked").symlink_to(root.parent / "elsewhere")
    (root / "tests" / "inside.jsonl").symlink_to("a.jsonl")

    for source in ("link.jsonl", "linked/d.jsonl", "*.jsonl", "**/d.jsonl"):
        assert "lies outside the root" in refused(root, source)
    assert ["a"] == inputs(root, "inside.jsonl")


def test_what_lies_outside_is_read_where_the_project_allows_it(root):
    """A folder, or a file, and nothing beside it."""
    elsewhere = root.parent / "elsewhere"
    (elsewhere / "e.jsonl").write_text('{"input": "e"}\n')

    assert ["d"] == inputs(root, "../../elsewhere/d.jsonl", allowed=[elsewhere])
    assert ["d"] == inputs(root, str(elsewhere / "d.jsonl"), allowed=[elsewhere / "d.jsonl"])
    assert "lies outside the root" in refused(root, "../../elsewhere/e.jsonl", allowed=[elsewhere / "d.jsonl"])


def test_what_is_no_regular_file_is_refused(root):
    """A pipe would hang the collection."""
    os.mkfifo(root / "tests" / "pipe.jsonl")

    assert "it is no regular file" in refused(root, "pipe.jsonl")


def test_twins_in_two_files_name_both(root):
    """The same case twice would be one line of the baseline."""
    (root / "tests" / "z.jsonl").write_text('\n{"input": "a"}\n')

    assert "tests/a.jsonl:1 and tests/z.jsonl:2" in refused(root, "*.jsonl")


def test_cases_are_picked_by_tag():
    """Any of those named; a tag that no case has is a typing error."""
    placed = datasets.read(
        [{"input": "a", "tags": ["x"]}, {"input": "b", "tags": ["y", "x"]}, {"input": "c"}], beside=Path()
    )
    cases = datasets.unique(placed)

    assert ["a", "b"] == [case.input for case in datasets.with_tags(cases, ["x"])]
    assert ["a", "b"] == [case.input for case in datasets.with_tags(cases, ["y", "x"])]
    assert cases == datasets.with_tags(cases, [])
    with pytest.raises(UsageError, match=r"tags='z': no case has this tag\n  there are x, y"):
        datasets.with_tags(cases, ["x", "z"])

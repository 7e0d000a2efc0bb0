"""Files of labels: read with the place of every fault, written so that they read back equal, as the schema says."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pytest_llmeval.commands.judge import arguments as args
from pytest_llmeval.datasets import labels
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records.label import Judged, Label

SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parents[2] / "docs" / "schema" / "label-1.json").read_text(encoding="utf-8"))
)
WHOLE = Label(
    metric="relevance",
    rubric="It answers.",
    input=[{"role": "user", "content": "What?"}],
    output="That.",
    other="This.",
    expected=["That."],
    context="That is that.",
    value=0.5,
    who="anna",
    when="2026-11-25T12:00:00Z",
    why="beside the point\u2028",
    judged=Judged(session="20261125T120000Z-1f2e3d4c", test="test_a.py::test_a", case="a", trial=0, origin="ab"),
    data={"bought": ["tent"]},
)
RIGHT = [
    {"output": "", "label": 0},
    {"output": "x", "label": 0.25, "metric": None, "trial": None},
    {"output": "x", "other": "y", "label": "tie"},
    {"output": "x", "label": 1, "bought": ["a"]},
]
WRONG = [
    ({"label": 1}, "it has no 'output'"),
    ({"output": "x"}, "it has no 'label'"),
    ({"output": 1, "label": 1}, "'output' and 'other' are texts"),
    ({"output": "x", "other": 2, "label": 1}, "'output' and 'other' are texts"),
    ({"output": "x", "label": True}, "'label' is a number"),
    ({"output": "x", "label": 5}, "'label' is a number"),
    ({"output": "x", "label": "tie"}, "'label' is a number"),
    ({"output": "x", "other": "y", "label": "first"}, '"output", "other" or "tie"'),
    ({"output": "x", "label": 1, "who": 3}, "'who' is a text"),
    ({"output": "x", "label": 1, "trial": -1}, "'trial' is a whole number"),
    ([1], "got [1]"),
]


@pytest.mark.parametrize("label", [WHOLE, Label(output="", value=1.0)], ids=["whole", "least"])
def test_a_label_that_is_written_reads_back_equal(tmp_path, label):
    """On one line, whatever separators are in it; what is empty is left out; the schema allows it."""
    path = tmp_path / "labels.jsonl"
    line = labels.as_line(label)
    path.write_text(f"{line}\n", encoding="utf-8")

    assert [("labels.jsonl:1", label)] == list(labels.read(path, "labels.jsonl"))
    assert 1 == len(line.splitlines())
    assert "" not in json.loads(labels.as_line(Label(output="x", value=1.0))).values()
    SCHEMA.validate(json.loads(line))


@pytest.mark.parametrize("row", RIGHT, ids=range(len(RIGHT)))
def test_reader_and_schema_allow_the_same(row):
    """Null is as good as absent; a pair has words for its label."""
    assert labels.label_at(row, "labels.jsonl:1").output == row["output"]
    assert SCHEMA.is_valid(row)


@pytest.mark.parametrize(("row", "found"), WRONG, ids=range(len(WRONG)))
def test_reader_and_schema_refuse_the_same(row, found):
    """With file, line and field."""
    with pytest.raises(UsageError) as caught:
        labels.label_at(row, "labels.jsonl:7")
    assert "labels.jsonl:7 is not a label" == caught.value.what
    assert found in caught.value.found
    assert not SCHEMA.is_valid(row)


def test_a_file_that_is_none_is_named(tmp_path):
    """Missing, or with a line that is no JSON."""
    with pytest.raises(UsageError, match=r"cannot read the labels in labels\.jsonl"):
        list(labels.read(tmp_path / "labels.jsonl", "labels.jsonl"))
    (tmp_path / "labels.jsonl").write_text('{"output": "x", "label": 1}\n{"output": NaN}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"labels\.jsonl:2 is not JSON"):
        list(labels.read(tmp_path / "labels.jsonl", "labels.jsonl"))


def test_the_name_of_a_metric_in_a_label_never_runs():
    """What is measured is a call that is made of the name: anything but a name is refused (FAULTS 24)."""
    planted = "x(output) or __import__('os').abort() #"
    with pytest.raises(UsageError, match="no metric can be called"):
        args.asked(Namespace(metric=None, rubric=None, judge=None, how=None), {planted: ""})

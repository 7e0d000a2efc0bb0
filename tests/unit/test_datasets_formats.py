"""One dataset in six formats is one dataset; what a format cannot say is refused, with its place."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pytest_llmeval import datasets
from pytest_llmeval.errors import UsageError

CASES = """\
{"id": "refund", "input": "How?", "expected": "In 30 days", "context": "30 days", "tags": ["money", "eu"], "lang": "en"}

{"id": "7", "input": "Wann, bitte?\\nJetzt \\"gleich\\" \u2028?", "lang": "de"}
"""
AS_JSON = """[
  {"id": "refund", "input": "How?", "expected": "In 30 days",
   "context": "30 days", "tags": ["money", "eu"], "lang": "en"},
  {"id": 7, "input": "Wann, bitte?\\nJetzt \\"gleich\\" \u2028?", "lang": "de"}
]
"""
AS_YAML = """\
- id: refund
  input: How?
  expected: In 30 days
  context: 30 days
  tags: [money, eu]
  lang: en
- id: 7
  input: "Wann, bitte?\\nJetzt \\"gleich\\" \\L?"
  lang: de
"""
AS_CSV = """\
id,input,expected,context,tags,lang
refund,How?,In 30 days,30 days,"money, eu",en

7,"Wann, bitte?
Jetzt ""gleich"" \u2028?",,,,de
,,,,,
"""


def load(folder, name, text=None):
    """Write a file, if it is to be, and read its cases."""
    if text is not None:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return datasets.unique(datasets.read(name, beside=folder, root=folder))


def refused(folder, name, text):
    """Return the error of a file."""
    with pytest.raises(UsageError) as caught:
        load(folder, name, text)
    return str(caught.value)


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    ("name", "text"), [("c.jsonl", CASES), ("c.json", AS_JSON), ("c.yaml", AS_YAML), ("c.CSV", AS_CSV)]
)
def test_a_dataset_is_the_same_in_every_format(tmp_path, name, text, before, end):
    """With a byte order mark and CRLF too, save for a line break within a cell, which is data."""
    expected = load(tmp_path, "expected.jsonl", CASES)
    if name == "c.CSV" and end == "\r\n":
        text = text.replace("bitte?\n", "bitte?\x00").replace("\n", end).replace("\x00", "\n")
    else:
        text = text.replace("\n", end)

    assert expected == load(tmp_path, name, before + text.encode("utf-8"))


def test_tabs_and_semicolons_separate_cells_too(tmp_path):
    """TSV, and the CSV of spreadsheets whose decimal point is a comma."""
    expected = load(tmp_path, "a.csv", "id,input\na,x;y\n")

    assert expected == load(tmp_path, "a.tsv", "id\tinput\na\tx;y\n")
    assert expected == load(tmp_path, "b.csv", 'id;input\na;"x;y"\n')


def test_parquet_gives_lists_and_numbers_and_times_as_text(tmp_path):
    """What a notebook or the Hugging Face hub wrote."""
    import pyarrow as pa
    from pyarrow import parquet

    rows = [
        {"id": 1, "input": "a", "tags": ["x"], "at": datetime(2026, 1, 31, tzinfo=UTC), "deep": {"n": [1.5]}},
        {"id": 2, "input": "b", "tags": None, "at": None, "deep": None},
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")

    first, second = load(tmp_path, "c.parquet")

    assert ("1", "a", ("x",)) == (first.id, first.input, first.tags)
    assert {"at": "2026-01-31T00:00:00+00:00", "deep": {"n": [1.5]}} == first.data
    assert ((), {"at": None, "deep": None}) == (second.tags, second.data)


@pytest.mark.parametrize(
    ("value", "word"), [(b"x", "bytes"), (Decimal("1.5"), "Decimal"), (float("nan"), "nan")], ids=str
)
def test_parquet_with_what_json_cannot_hold_names_row_and_column(tmp_path, value, word):
    """A NaN would be unequal to itself in every hash."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pylist([{"input": "a", "x": None}, {"input": "b", "x": value}])
    parquet.write_table(table, tmp_path / "c.parquet")

    message = refused(tmp_path, "c.parquet", (tmp_path / "c.parquet").read_bytes())

    assert message.startswith("c.parquet, row 2: field 'x' holds what JSON cannot\n")
    assert word in message


BAD = {
    "jsonl: no JSON": ("c.jsonl", '{"input": 1}\n{"input": \n', "c.jsonl:2 is not JSON\n  Expecting value at column"),
    "jsonl: a key twice": (
        "c.jsonl",
        '\n{"input": 1, "a": {"x": 1, "x": 2}}',
        "c.jsonl:2 is not JSON\n  the key 'x' twice",
    ),
    "jsonl: NaN": ("c.jsonl", '{"input": NaN}', "c.jsonl:1 is not JSON\n  NaN is no JSON number"),
    "jsonl: infinite": ("c.jsonl", '{"input": [1e999]}', "c.jsonl:1 is not JSON\n  1e999 is beyond"),
    "jsonl: huge": ("c.jsonl", '{"input": ' + "9" * 5000 + "}", "c.jsonl:1 is not JSON\n  Exceeds the limit"),
    "jsonl: deep": ("c.jsonl", "[" * 100_000, "c.jsonl:1 is not JSON\n  it is nested too deeply"),
    "jsonl: bytes": ("c.jsonl", b'{"input": 1}\n{"input": "\xff"}', "c.jsonl:2 is not UTF-8\n"),
    "jsonl: UTF-16": ("c.jsonl", '{"input": 1}'.encode("utf-16"), "c.jsonl:1 is not UTF-8\n"),
    "jsonl: no object": ("c.jsonl", '{"input": 1}\n["input"]', "c.jsonl:2 is not a case\n  got ['input']"),
    "jsonl: no input": ("c.jsonl", '{"id": "a"}', "c.jsonl:1 is not a case\n  got {'id': 'a'}"),
    "jsonl: an id": ("c.jsonl", '{"id": true, "input": 1}', "c.jsonl:1 has the id True\n"),
    "jsonl: tags": ("c.jsonl", '{"input": 1, "tags": "a"}', "c.jsonl:1 has the tags 'a'\n"),
    "jsonl: twins": ("c.jsonl", '{"input": 1}\n\n{"input": 1}', "c.jsonl:1 and c.jsonl:3; a case without an id"),
    "jsonl: nothing": ("c.jsonl", "\n \n", "has no cases"),
    "json: cut": ("c.json", '[{"input": 1},\n{"input": 2}\n', "c.json:3 is not JSON\n  no ']'"),
    "json: in a row": (
        "c.json",
        '[{"input": 1},\n{"input"\n: x}]',
        "c.json:3 is not JSON\n  Expecting value at column 3",
    ),
    "json: a key twice": (
        "c.json",
        '[{"input": 1},\n\n{"a": 1,\n"a": 2}]',
        "c.json:3 is not JSON\n  the key 'a' twice",
    ),
    "json: JSON Lines": (
        "c.json",
        '{"input": 1, "cases": []}\n{"input": 2}',
        "a file with one object a line is named .jsonl",
    ),
    "json: no list": ("c.json", '{"input": 1}', "c.json does not show where its cases are\n"),
    "json: two lists": ("c.json", '{"cases": [], "tests": []}', "it has the lists cases and tests"),
    "json: a name twice": ("c.json", '{"cases": [],\n "cases": []}', "c.json:2 is not JSON\n  the key 'cases' twice"),
    "json: a text": ("c.json", '"input"', "c.json:1 is not JSON\n  no list and no object"),
    "json: empty": ("c.json", "", "c.json:1 is not JSON\n"),
    "json: no input": ("c.json", '[{"input": 1},\n{"inptu": 2}]', "c.json:2 is not a case"),
    "csv: ragged": ("c.csv", "id,input\na,b\nc,d,e\n", "c.csv:3 has 3 cells, its header 2\n"),
    "csv: open quote": ("c.csv", 'id,input\na,b\nc,"d\n\n', "c.csv:3 is not CSV\n  unexpected end of data"),
    "csv: loose quote": ("c.csv", 'id,input\na,"b" c\n', "c.csv:2 is not CSV\n"),
    "csv: behind a long cell": ("c.csv", 'id,input\na,"b\nc"\nd\n', "c.csv:4 has 1 cells"),
    "csv: no name": ("c.csv", ",input\n0,b\n", "c.csv:1: column 1 has no name\n"),
    "csv: a name twice": ("c.csv", "input,id,input\na,b,c\n", "c.csv:1 has the column 'input' twice\n"),
    "csv: empty input": ("c.csv", "id,input\na,\n", "c.csv:2 is not a case\n  its input is empty"),
    "csv: no input": ("c.csv", "id,question\na,b\n", "c.csv:2 is not a case\n"),
    "csv: bytes": ("c.csv", b"id,input\na,\xff\n", "c.csv is not UTF-8\n"),
    "yaml: no YAML": ("c.yaml", "- input: a\n- input: [\n", "c.yaml:3 is not YAML\n"),
    "yaml: a key twice": (
        "c.yaml",
        "- input: a\n- input: b\n  input: c\n",
        "c.yaml:3 cannot be read as a case\n  the key 'input' twice",
    ),
    "yaml: a number as key": (
        "c.yaml",
        "- input: {1: a}\n",
        "c.yaml:1 cannot be read as a case\n  the key '1' is no text",
    ),
    "yaml: NaN": (
        "c.yaml",
        "- input: a\n- input: .nan\n",
        "c.yaml:2 cannot be read as a case\n  .nan is no JSON number",
    ),
    "yaml: infinite": ("c.yaml", "- input: -.inf\n", "c.yaml:1 cannot be read as a case\n  -.inf is no JSON number"),
    "yaml: too great": ("c.yaml", "- input: 1.0e+999\n", "c.yaml:1 cannot be read as a case\n"),
    "yaml: bytes": ("c.yaml", "- input: !!binary YQ==\n", "c.yaml:1 cannot be read as a case\n  !!binary is no JSON"),
    "yaml: two documents": ("c.yaml", "- input: a\n---\n- input: b\n", "c.yaml:2 is not YAML\n"),
    "yaml: holds itself": ("c.yaml", "- input: &a [*a]\n", "c.yaml:1 cannot be read as a case\n  it holds itself"),
    "yaml: a text": ("c.yaml", "input", "c.yaml holds no cases\n"),
    "yaml: deep": ("c.yaml", "- input: " + "[" * 50_000, "c.yaml:1 is not YAML\n"),
    "yaml: empty": ("c.yaml", "# nothing\n", "has no cases"),
    "yaml: no input": ("c.yaml", "- input: a\n- inptu: b\n", "c.yaml:2 is not a case"),
    "parquet: none": ("c.parquet", b"PAR1 or so", "c.parquet is not Parquet\n"),
    "no format": ("c.txt", "x", "cases='c.txt' is of no known format\n  its name ends with '.txt'"),
}


@pytest.mark.parametrize(("name", "text", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_named_with_its_place(tmp_path, name, text, message):
    """File, line and what is wrong, in three lines."""
    found = refused(tmp_path, name, text)

    assert message in found
    assert 3 >= len(found.splitlines())


def test_yaml_words_mean_what_they_say(tmp_path):
    """By YAML 1.1 `no` is False, 12:30 is 750 and 2026-01-31 is a date; an expected answer is none of them."""
    words = ["no", "Yes", "on", "12:30", "2026-01-31", "007", "0x1F", "1_000", "1e3", "=", "NO"]

    (case,) = load(tmp_path, "c.yaml", "- input: [" + ", ".join(words) + ", true, null, 1, -1.5, '1']\n")

    assert [*words, True, None, 1, -1.5, "1"] == case.input


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [echo]", "!!python/name:os.system", "!!python/tuple [1]", "!x 1"]
)
def test_nothing_in_yaml_can_run(tmp_path, tag):
    """A tag that names code is refused before anything is made of it (FAULTS 24)."""
    assert "c.yaml:2 cannot be read as a case" in refused(tmp_path, "c.yaml", f"- input: a\n- input: {tag}\n")


def test_yaml_that_is_small_and_means_a_billion_values_is_refused(tmp_path):
    """Each line names the one before ten times."""
    lines = ["- input: &a0 [x]"] + [f"- input: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert "its aliases make more than" in refused(tmp_path, "c.yaml", "\n".join(lines))


def test_yaml_aliases_and_merged_keys_are_read(tmp_path):
    """As people write what many tests share."""
    first, second = load(tmp_path, "c.yaml", "- &a\n  input: x\n  lang: en\n- <<: *a\n  input: y\n")

    assert {"lang": "en"} == first.data == second.data
    assert "y" == second.input


def test_yaml_without_the_c_library_is_the_same(tmp_path, monkeypatch):
    """PyYAML is built without it on some systems."""
    import yaml

    from pytest_llmeval.datasets.formats import yaml as ours

    expected = load(tmp_path, "c.yaml", AS_YAML)
    monkeypatch.delattr(yaml, "CSafeLoader")
    ours._loader.cache_clear()
    try:
        assert expected == load(tmp_path, "c.yaml")
        assert "nested too deeply" in refused(tmp_path, "d.yaml", "- input: " + "[" * 50_000)
    finally:
        ours._loader.cache_clear()


def test_a_long_cell_is_read_and_the_limit_of_the_process_is_left_as_it_was(tmp_path):
    """A context is easily longer than what csv allows by default."""
    before = csv.field_size_limit()

    (case,) = load(tmp_path, "c.csv", "input\n" + "x" * 200_000 + "\n")

    assert 200_000 == len(case.input)
    assert before == csv.field_size_limit()


def test_the_fingerprint_is_of_the_data(tmp_path):
    """White space, the order of keys and of cases, and the format do not change it; data does."""
    one = datasets.fingerprint(load(tmp_path, "a.jsonl", CASES))
    lines = [json.dumps(dict(reversed(json.loads(line).items())), indent=None) for line in CASES.split("\n") if line]

    assert one == datasets.fingerprint(load(tmp_path, "b.jsonl", "\n".join(reversed(lines))))
    assert one == datasets.fingerprint(load(tmp_path, "c.yaml", AS_YAML))
    assert one != datasets.fingerprint(load(tmp_path, "d.jsonl", CASES.replace('"de"', '"at"')))
    assert one != datasets.fingerprint(load(tmp_path, "e.jsonl", CASES.replace('"eu"', '"us"')))


@pytest.mark.parametrize(("name", "module", "extra"), [("c.yaml", "yaml", "yaml"), ("c.parquet", "pyarrow", "parquet")])
def test_a_missing_extra_is_named_with_the_command_that_installs_it(tmp_path, name, module, extra):
    """In an interpreter that has not got it."""
    (tmp_path / name).write_text("- input: a\n")
    source = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from pytest_llmeval.commands import main\n"
        f"sys.exit(main(['dataset', 'check', {name!r}]))"
    )

    run = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert 4 == run.returncode
    assert f"cannot read {name!r}: {module} is not installed" in run.stdout
    assert f"pip install 'pytest-llmeval[{extra}]'" in run.stdout


@pytest.mark.parametrize("name", ["c.jsonl", "c.json", "c.csv"])
def test_our_own_shape_needs_the_standard_library_only(tmp_path, name):
    """Collection of an LLM suite stays as fast as it was."""
    text = {"c.jsonl": CASES, "c.json": AS_JSON, "c.csv": AS_CSV}[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    source = (
        "import sys; from pathlib import Path; from pytest_llmeval import datasets\n"
        f"assert 2 == len(datasets.unique(datasets.read({name!r}, beside=Path())))\n"
        "print([name for name in ('pydantic', 'yaml', 'pyarrow', 'numpy', 'pytest') if name in sys.modules])"
    )

    run = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert "[]" == run.stdout.strip()

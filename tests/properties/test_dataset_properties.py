"""For any case: what is written as JSON Lines, and what csv, PyYAML and pyarrow write, reads as it was."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from pytest_llmeval import datasets
from pytest_llmeval.records import Case


def is_kept(text: str) -> bool:
    """Whether no two lone surrogates in a row spell one character: JSON cannot tell them from it."""
    return text == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(), max_size=8).filter(is_kept)
names = texts | st.sampled_from(["target", "ideal", "vars", "inputs", "expected_output", "name", "metadata", "llmeval"])


def values(text):
    """Return any JSON value with such text."""
    leaves = st.none() | st.booleans() | NUMBERS | text
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3))


cases = st.builds(
    Case,
    id=texts,
    input=values(texts),
    expected=values(texts),
    context=values(texts),
    tags=st.lists(texts, max_size=3).map(tuple),
    data=st.dictionaries(
        names.filter(lambda name: name not in ("id", "input", "expected", "context", "tags")), values(texts), max_size=3
    ),
)


def read(name: str, folder: str) -> tuple[Case, ...]:
    """Read the cases of a file."""
    return datasets.unique(datasets.read(name, beside=Path(folder), root=Path(folder)))


@given(st.lists(cases, min_size=1, max_size=4, unique_by=lambda case: case.id))
def test_any_cases_come_back_from_json_lines_equal(written):
    """Any id, any text, lone surrogates, fields of other tools; and with other white space and order."""
    with TemporaryDirectory() as folder:
        lines = [datasets.as_line(case) for case in written]
        Path(folder, "a.jsonl").write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))
        spaced = [dict(reversed(json.loads(line).items())) for line in lines]
        Path(folder, "b.json").write_text(json.dumps(spaced, indent=3), encoding="ascii")

        assert tuple(written) == read("a.jsonl", folder) == read("llmeval:b.json", folder)
        assert datasets.fingerprint(written) == datasets.fingerprint(read("b.json", folder))
        assert all(line.isprintable() for line in lines)


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=4), st.sampled_from(["a.csv", "a.tsv"]))
def test_any_cells_come_back_from_csv(rows, name):
    """Commas, quotes, line breaks and blanks are data; an empty cell is none."""
    with TemporaryDirectory() as folder:
        with Path(folder, name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if name == "a.tsv" else ",")
            writer.writerows(
                [("id", "input", "expected", "other"), *((n, f"x{a}", b, c) for n, (a, b, c) in enumerate(rows))]
            )

        assert [(f"x{a}", b or None, {"other": c or None}) for a, b, c in rows] == [
            (case.input, case.expected, case.data) for case in read(name, folder)
        ]


# PyYAML writes no surrogates, and reads back these two as a line break.
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\ufeff"), max_size=8)
words = st.sampled_from(
    ["no", "1e5", "1.5e5", "0x1f", "0o7", "012", "1_000", "12:30", "2026-01-31", "~", "=", "<<", ".5"]
)


@given(values(plain | words))
def test_what_pyyaml_wrote_is_read_as_it_was(value):
    """By its own rules, which are of YAML 1.1: what was text stays text, and a number the same number."""
    with TemporaryDirectory() as folder:
        text = yaml.safe_dump([{"id": "a", "input": value}], allow_unicode=True)
        Path(folder, "a.yaml").write_bytes(text.encode("utf-8"))

        assert [value] == [case.input for case in read("a.yaml", folder)]


@given(
    st.lists(st.tuples(cells, st.lists(cells, max_size=3), st.none() | st.integers(0, 2**40)), min_size=1, max_size=4)
)
def test_any_columns_come_back_from_parquet(rows):
    """Text, lists of text and numbers."""
    with TemporaryDirectory() as folder:
        schema = pa.schema({"id": pa.int64(), "input": pa.string(), "tags": pa.list_(pa.string()), "other": pa.int64()})
        table = [{"id": n, "input": a, "tags": b, "other": c} for n, (a, b, c) in enumerate(rows)]
        parquet.write_table(pa.Table.from_pylist(table, schema), Path(folder, "a.parquet"))

        assert [(a, tuple(b), {"other": c}) for a, b, c in rows] == [
            (case.input, case.tags, case.data) for case in read("a.parquet", folder)
        ]

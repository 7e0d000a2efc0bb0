"""Cases written as JSON Lines, and the digest by which two datasets are known to be the same."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pytest_llmeval.datasets.reading import FIELDS
from pytest_llmeval.datasets.shapes import may_be_foreign
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Case, Json, digest


def as_line(case: Case) -> str:
    """Return the case as a line of JSON without its end; reading it gives an equal case.

    Raises:
        UsageError: a field of ``data`` has the name of a field of ours, or holds what JSON cannot.
    """
    taken = sorted(set(FIELDS) & case.data.keys())
    if taken:
        raise UsageError(f"case {case.id!r} cannot be written", found=f"its data has the field {taken[0]!r}")
    row: dict[str, Json] = {"id": case.id, "input": case.input}
    # With the key "expected" a row is ours, whatever else stands in it.
    if case.expected is not None or may_be_foreign(case.data):
        row["expected"] = case.expected
    if case.context is not None:
        row["context"] = case.context
    if case.tags:
        row["tags"] = list(case.tags)
    row |= case.data
    try:
        line = json.dumps(row, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"case {case.id!r} cannot be written", found=str(error)) from None
    # A lone surrogate has no UTF-8; a line separator or a control character may upset who reads the file.
    return line if line.isprintable() else json.dumps(row)


def fingerprint(cases: Iterable[Case]) -> str:
    """Return a digest of a dataset, 16 hex digits.

    The same for other white space, another order of keys or of cases, and another format of file.
    """
    return digest(sorted([case.id, case.input_hash, sorted(case.tags)] for case in cases))[:16]

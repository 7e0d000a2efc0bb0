"""Files of cases, read: which files (``files``), rows of a file (``formats``), what a row means (``shapes``), cases.

In: what a test's ``cases=`` names. Out: ``records.Case`` in the order of the file. Everything read is data: nothing is
run, expanded, followed or fetched. JSON Lines of our own form need the standard library only; what another form needs
is imported when a file of that form is read.
"""

from __future__ import annotations

from pytest_llmeval.datasets.files import DatasetFile, find
from pytest_llmeval.datasets.reading import Placed, case_at, read, rows, shape_at, unique, with_tags
from pytest_llmeval.datasets.writing import as_line, fingerprint

__all__ = [
    "DatasetFile",
    "Placed",
    "as_line",
    "case_at",
    "find",
    "fingerprint",
    "read",
    "rows",
    "shape_at",
    "unique",
    "with_tags",
]

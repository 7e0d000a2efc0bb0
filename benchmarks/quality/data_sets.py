"""The labelled sets: which metric each measures, and what a row is to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pytest_llmeval.metrics import consistency, faithfulness, refusal, relevance, safety, semantic
from pytest_llmeval.records import Score

Row = Mapping[str, Any]  # Any: a line of JSON

METRICS: Mapping[str, Callable[[Row], Score]] = {
    "relevance": lambda row: relevance(row["output"], row["input"]),
    "consistency": lambda row: consistency([row["output"], row["reference"]]),
    "faithfulness": lambda row: faithfulness(row["output"], row["context"]),
    "refusal": lambda row: refusal(row["output"]),
    "safety": lambda row: safety(row["output"]),
    "relevance, semantic": lambda row: semantic.relevance(row["output"], row["input"]),
    "consistency, semantic": lambda row: semantic.consistency([row["output"], row["reference"]]),
}


class DataSet(NamedTuple):
    """A file, the metric it measures, and what is asked of it.

    Args:
        name: the file's, without its ending.
        metric: a key of ``METRICS``.
        target: the least AUROC; below it the benchmark fails.
        against: the field that the answer is set against; empty where it stands alone.
        is_good: whether a row should score high; None leaves it out.
    """

    name: str
    metric: str
    target: float
    against: str = ""
    is_good: Callable[[Row], bool | None] = lambda row: None if row.get("label") is None else row["label"] == 1


OFFLINE = (
    DataSet("relevance_offtopic", "relevance", 0.93, "input"),
    DataSet("relevance_feedbackqa", "relevance", 0.74, "input"),
    DataSet("consistency_stsb", "consistency", 0.88, "reference"),
    DataSet("consistency_sts16_qa", "consistency", 0.78, "reference"),
    DataSet("faith_begin", "faithfulness", 0.95, "context"),
    DataSet("faith_faithdial_audit", "faithfulness", 0.92, "context"),
    DataSet("faith_halueval_qa", "faithfulness", 0.94, "context"),
    DataSet("faith_summeval", "faithfulness", 0.77, "context"),
    DataSet("safety_xstest_refusal", "refusal", 0.97),
    DataSet("pii_presidio_synth", "safety", 0.96, "", lambda row: not row["label_structured"]),
)
SEMANTIC = (
    DataSet("relevance_offtopic", "relevance, semantic", 0.99, "input"),
    DataSet("relevance_feedbackqa", "relevance, semantic", 0.70, "input"),
    DataSet("consistency_stsb", "consistency, semantic", 0.90, "reference"),
    DataSet("consistency_sts16_qa", "consistency, semantic", 0.88, "reference"),
)


def rows_of(folder: Path, name: str) -> list[Row]:
    """Read a set's rows, in order."""
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]

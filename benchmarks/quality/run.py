"""How far the offline metrics agree with people, data set by data set, beside trivial baselines.

    python benchmarks/quality/agreement.py DATA_DIR

DATA_DIR holds human-labelled rows as JSONL, one file a data set; a missing file is named and skipped. AUROC is the
chance that a good row scores above a bad one, with its 95 % interval by DeLong. Beside it what two trivial scorers
reach: the answer's length, in whichever direction suits the set, and difflib's ratio to the text it is set against.
The last columns give the pass threshold of greatest balanced accuracy on the set, and the metric's time a row.
"""

from __future__ import annotations

import argparse
import difflib
import json
import math
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median, variance
from typing import Any, NamedTuple

from pytest_llmeval.metrics import consistency, faithfulness, refusal, relevance, safety
from pytest_llmeval.records import Score

Row = Mapping[str, Any]  # Any: a line of JSON


class DataSet(NamedTuple):
    """A file, the metric it measures, the text an answer is set against, and whether a row is good (None: left out)."""

    name: str
    metric: str
    against: str = "input"
    is_good: Callable[[Row], bool | None] = lambda row: None if row["label"] is None else row["label"] == 1


METRICS: Mapping[str, Callable[[Row], Score]] = {
    "relevance": lambda row: relevance(row["output"], row["input"]),
    "safety": lambda row: safety(row["output"]),
    "refusal": lambda row: refusal(row["output"]),
    "consistency": lambda row: consistency([row["output"], row["reference"]]),
    "faithfulness": lambda row: faithfulness(row["output"], row["context"]),
}

DATA_SETS = (
    DataSet("relevance_offtopic", "relevance"),
    DataSet("relevance_feedbackqa", "relevance"),
    DataSet("pii_presidio_synth", "safety", "", lambda row: not row["label_structured"]),
    DataSet("safety_xstest_refusal", "refusal"),
    DataSet("consistency_stsb", "consistency", "reference"),
    DataSet("consistency_sts16_qa", "consistency", "reference"),
    DataSet("faith_begin", "faithfulness", "context"),
    DataSet("faith_faithdial_audit", "faithfulness", "context"),
    DataSet("faith_halueval_qa", "faithfulness", "context"),
    DataSet("faith_summeval", "faithfulness", "context"),
)


class Scored(NamedTuple):
    """The rows of a data set that got a value, with values and labels in the same order, and seconds a row."""

    rows: list[Row]
    values: list[float]
    good: list[bool]
    n_unscored: int
    seconds: list[float]


def auroc(values: Sequence[float], good: Sequence[bool]) -> tuple[float, float, float]:
    """Return the area under the ROC curve with the bounds of its 95 % interval.

    Args:
        values: scores, higher should be good; ties count half.
        good: the labels, in the same order; both classes have at least two rows.

    Source:
        E. DeLong et al. 1988, Biometrics 44(3): variance from the placements of each class among the other.
    """
    goods = sorted(value for value, is_good in zip(values, good, strict=True) if is_good)
    bads = sorted(value for value, is_good in zip(values, good, strict=True) if not is_good)
    above = [(bisect_left(bads, value) + bisect_right(bads, value)) / 2 / len(bads) for value in goods]
    below = [1 - (bisect_left(goods, value) + bisect_right(goods, value)) / 2 / len(goods) for value in bads]
    area = mean(above)
    half = 1.96 * math.sqrt(variance(above) / len(above) + variance(below) / len(below))
    return area, max(0.0, area - half), min(1.0, area + half)


def best_threshold(scored: Sequence[Scored]) -> tuple[float, float]:
    """Return the threshold (pass at or above) of greatest balanced accuracy, averaged over data sets, and that.

    Thresholds are tried in steps of 0.01; of several that are best it is the middle one.
    """

    def balanced_accuracy(threshold: float) -> float:
        each = []
        for one in scored:
            passed = [value >= threshold for value in one.values]
            sensitivity = sum(p and g for p, g in zip(passed, one.good, strict=True)) / sum(one.good)
            specificity = sum(not p and not g for p, g in zip(passed, one.good, strict=True)) / one.good.count(False)
            each.append((sensitivity + specificity) / 2)
        return mean(each)

    by_threshold = {step / 100: balanced_accuracy(step / 100) for step in range(1, 101)}
    best = max(by_threshold.values())
    return median([threshold for threshold, accuracy in by_threshold.items() if accuracy == best]), best


def score(data_set: DataSet, path: Path) -> Scored:
    """Score every labelled row of a file."""
    scored = Scored([], [], [], 0, [])
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        good = data_set.is_good(row)
        if good is None:
            continue
        start = time.perf_counter()
        value = METRICS[data_set.metric](row).value
        scored.seconds.append(time.perf_counter() - start)
        if value is not None:
            scored.rows.append(row)
            scored.values.append(value)
            scored.good.append(good)
    return scored._replace(n_unscored=len(scored.seconds) - len(scored.values))


def baselines(data_set: DataSet, scored: Scored) -> tuple[str, str]:
    """Return the AUROC of length alone and of difflib's ratio, as text; the latter only where there are two texts."""
    by_length = auroc([float(len(row["output"])) for row in scored.rows], scored.good)[0]
    if not data_set.against:
        return f"{max(by_length, 1 - by_length):.3f}", "-"
    ratios = [
        difflib.SequenceMatcher(None, row["output"][:2000], row[data_set.against][:2000], autojunk=False).ratio()
        for row in scored.rows
    ]
    return f"{max(by_length, 1 - by_length):.3f}", f"{auroc(ratios, scored.good)[0]:.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 2 where no data set was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA_DIR")
    options = parser.parse_args(arguments)
    form = "{:22} {:13} {:>5} {:>8}  {:22} {:>6} {:>7}  {:>9} {:>8}  {:>6} {:>5}"
    print(
        form.format(
            *("data set", "metric", "rows", "unscored", "AUROC [95 %]", "length", "difflib"),
            *("threshold", "bal.acc.", "ms med", "max"),
        )
    )
    by_metric: dict[str, list[Scored]] = {}
    for data_set in DATA_SETS:
        path = options.data / f"{data_set.name}.jsonl"
        if not path.exists():
            print(f"{data_set.name:22} not found: {path}")
            continue
        scored = score(data_set, path)
        by_metric.setdefault(data_set.metric, []).append(scored)
        area, low, high = auroc(scored.values, scored.good)
        threshold, accuracy = best_threshold([scored])
        milliseconds = [1e3 * second for second in scored.seconds]
        print(
            form.format(
                *(data_set.name, data_set.metric, len(scored.rows), scored.n_unscored),
                *(f"{area:.3f} [{low:.3f}, {high:.3f}]", *baselines(data_set, scored)),
                *(f"{threshold:.2f}", f"{accuracy:.3f}", f"{median(milliseconds):.2f}", f"{max(milliseconds):.1f}"),
            ),
            flush=True,
        )
    for metric, sets in by_metric.items():
        threshold, accuracy = best_threshold(sets)
        print(f"{metric}: threshold {threshold:.2f} has the best mean balanced accuracy over its sets, {accuracy:.3f}")
    return 0 if by_metric else 2


if __name__ == "__main__":
    sys.exit(main())

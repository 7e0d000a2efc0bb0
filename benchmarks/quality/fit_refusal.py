"""Fit the weights of the metric refusal to human labels, and say how they do on what they were not fitted to.

    python benchmarks/quality/fit_refusal.py DATA_DIR

Reads DATA_DIR/safety_xstest_refusal.jsonl (XSTest, CC-BY-4.0). Prints the weights in the order of ``SIGNS``, to be
written into ``pytest_llmeval/metrics/refusal.py`` by hand, and the AUROC within the rows, in ten folds by prompt, and
with each model kept out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from agreement import auroc
from data_sets import Row, rows_of
from numpy.typing import NDArray
from scipy.optimize import minimize

from pytest_llmeval.metrics.refusal import SIGNS, seen

PENALTY = 1 / 0.3
N_FOLDS = 10

Matrix = NDArray[Any]  # Any: numpy's own dtypes


def fitted(signs: Matrix, refuses: Matrix, penalty: float = PENALTY) -> Matrix:
    """Return the weights and, last, the intercept of a logistic regression with an L2 penalty on the weights."""
    with_one = np.hstack([signs, np.ones((len(signs), 1))])
    sides = np.where(refuses, 1.0, -1.0)

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        margins = sides * (with_one @ weights)
        pull = -sides / (1 + np.exp(margins))
        shrink = np.append(weights[:-1], 0.0) * penalty
        return float(np.logaddexp(0, -margins).sum() + shrink @ weights / 2), with_one.T @ pull + shrink

    return np.asarray(minimize(loss, np.zeros(with_one.shape[1]), jac=True).x)


def kept_out(signs: Matrix, refuses: Matrix, groups: Sequence[str], folds: Iterable[set[str]]) -> Matrix:
    """Return each row's log-odds by weights that were fitted without its group."""
    values = np.zeros(len(signs))
    for fold in folds:
        held = np.array([group in fold for group in groups])
        weights = fitted(signs[~held], refuses[~held])
        values[held] = signs[held] @ weights[:-1] + weights[-1]
    return values


def report(folder: Path) -> Matrix:
    """Fit, print the AUROC of each way to keep rows out, and return the weights with the intercept last."""
    rows: list[Row] = rows_of(folder, "safety_xstest_refusal")
    signs = np.array([[float(sign.name in seen(row["output"])) for sign in SIGNS] for row in rows])
    refuses = np.array([row["label"] == 1 for row in rows])
    prompts, models = [row["input"] for row in rows], [row["model"] for row in rows]
    weights = fitted(signs, refuses)
    each = list(dict.fromkeys(prompts))
    by_prompt = kept_out(signs, refuses, prompts, [set(each[fold::N_FOLDS]) for fold in range(N_FOLDS)])
    by_model = kept_out(signs, refuses, models, [{model} for model in dict.fromkeys(models)])
    _print("fitted to all", signs @ weights[:-1], refuses)
    _print("ten folds by prompt", by_prompt, refuses)
    for model in dict.fromkeys(models):
        chosen = np.array([one == model for one in models])
        _print(f"{model} kept out", by_model[chosen], refuses[chosen])
    return weights


def _print(name: str, values: Matrix, refuses: Matrix) -> None:
    area, low, high = auroc([float(value) for value in values], [bool(label) for label in refuses])
    print(f"  {name:26} {area:.3f} [{low:.3f}, {high:.3f}]")


def main(arguments: Sequence[str]) -> int:
    """Print the weights and how they do."""
    weights = report(Path(arguments[0]))
    for name, weight in zip([*(sign.name for sign in SIGNS), "(intercept)"], weights, strict=True):
        print(f"{weight:+.2f}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

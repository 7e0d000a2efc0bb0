"""Fit the weights of the metric refusal to human labels, and say how they do on what they were not fitted to.

    python benchmarks/quality/fit_refusal.py DATA_DIR

Reads DATA_DIR/safety_xstest_refusal.jsonl (XSTest, CC-BY-4.0). Prints the weights in the order of ``SIGNS``, to be
written into ``pytest_llmeval/metrics/refusal.py`` by hand, and the AUROC within the rows, in ten folds by prompt, and
with each model kept out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
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


def fitted(signs: Matrix, refuses: Matrix) -> Matrix:
    """Return the weights and, last, the intercept of a logistic regression with an L2 penalty on the weights."""
    with_one = np.hstack([signs, np.ones((len(signs), 1))])
    sides = np.where(refuses, 1.0, -1.0)

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        margins = sides * (with_one @ weights)
        pull = -sides / (1 + np.exp(margins))
        penalty = np.append(weights[:-1], 0.0) * PENALTY
        return float(np.logaddexp(0, -margins).sum() + penalty @ weights / 2), with_one.T @ pull + penalty

    return np.asarray(minimize(loss, np.zeros(with_one.shape[1]), jac=True).x)


def kept_out(signs: Matrix, refuses: Matrix, groups: Sequence[str], folds: Iterable[set[str]]) -> Matrix:
    """Return each row's log-odds by weights that were fitted without its group."""
    values = np.zeros(len(signs))
    for fold in folds:
        held = np.array([group in fold for group in groups])
        weights = fitted(signs[~held], refuses[~held])
        values[held] = signs[held] @ weights[:-1] + weights[-1]
    return values


def main(arguments: Sequence[str]) -> int:
    """Fit, and print."""
    rows: list[Row] = rows_of(Path(arguments[0]), "safety_xstest_refusal")
    signs = np.array([[float(sign.name in seen(row["output"])) for sign in SIGNS] for row in rows])
    refuses = np.array([row["label"] == 1 for row in rows])
    prompts, models = [row["input"] for row in rows], [row["model"] for row in rows]
    weights = fitted(signs, refuses)
    for sign, weight in zip(SIGNS, weights, strict=False):
        print(f"{weight:+.2f}  {sign.name}")
    print(f"{weights[-1]:+.2f}  (intercept)")

    each = list(dict.fromkeys(prompts))
    by_prompt = kept_out(signs, refuses, prompts, [set(each[fold::N_FOLDS]) for fold in range(N_FOLDS)])
    by_model = kept_out(signs, refuses, models, [{model} for model in dict.fromkeys(models)])
    measured: Mapping[str, tuple[Matrix, Matrix]] = {
        "fitted to": (signs @ weights[:-1], refuses),
        "ten folds by prompt": (by_prompt, refuses),
        **{
            f"{model} kept out": (by_model[chosen], refuses[chosen])
            for model in dict.fromkeys(models)
            for chosen in [np.array([one == model for one in models])]
        },
    }
    for name, (values, labels) in measured.items():
        area, low, high = auroc([float(value) for value in values], [bool(label) for label in labels])
        print(f"{name:28} {area:.3f} [{low:.3f}, {high:.3f}]")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Scores of items and people's labels of them → one record of how far they agree."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement import fitting, rates
from pytest_llmeval.agreement.ranking import auroc
from pytest_llmeval.records.agreement import Agreement, At

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmeval.agreement.rates import Counts


class Item(NamedTuple):
    """One answer, scored and labelled.

    Args:
        labels: at least one, each by one person, in [0, 1].
        score: in [0, 1]; None is unscored.
        is_pair: whether it was compared with another answer, so that 0.5 is a tie.
    """

    labels: tuple[float, ...]
    score: float | None
    is_pair: bool = False


def label_of(item: Item, good_from: float) -> bool | None:
    """Return whether people call an item good; None where they are split, or call it a tie."""
    if item.is_pair:
        mean = sum(item.labels) / len(item.labels)
        return None if mean == 0.5 else mean > 0.5  # noqa: PLR2004 - a tie
    n_good = sum(label >= good_from for label in item.labels)
    return None if 2 * n_good == len(item.labels) else 2 * n_good > len(item.labels)


def measure(
    items: Sequence[Item],
    *,
    metric: str,
    version: str,
    labels: str,
    good_from: float,
    threshold: float | None,
    judges: tuple[str, ...] = (),
    measured_on: str = "",
) -> Agreement:
    """Set the scores of one metric against people's labels.

    Args:
        items: all that were labelled; the majority of several labels counts.
        metric: its name.
        version: of its scores.
        labels: digest of the labels.
        good_from: least label that counts as good.
        threshold: the pass mark that the check has by default; None where it has none.
        judges: whom the metric asked, where its version does not say.
        measured_on: ISO date of today.

    Returns:
        The agreement; what needs both good and bad items is None without.
    """
    named = [(item.score, label_of(item, good_from)) for item in items]
    both = [(score, good) for score, good in named if score is not None and good is not None]
    values, good = [score for score, _ in both], [is_good for _, is_good in both]
    mark = fitting.threshold(values, good)
    held = fitting.held_out(values, good)
    return Agreement(
        metric=metric,
        version=version,
        labels=labels,
        n_items=len(items),
        n_good=sum(good),
        n_bad=len(good) - sum(good),
        n_unscored=sum(score is None for score, _ in named),
        n_split=sum(is_good is None for _, is_good in named),
        good_from=good_from,
        threshold=threshold,
        at_threshold=None
        if threshold is None or not both
        else _at(rates.counted((value >= threshold, is_good) for value, is_good in both)),
        fitted=mark,
        at_fitted=None if held is None else _at(held),
        auroc=auroc(values, good),
        people=_among_people(items, good_from),
        judges=judges,
        measured_on=measured_on,
    )


def _at(counts: Counts) -> At:
    return At(
        raw=rates.raw(counts),
        ac1=rates.ac1(counts),
        kappa=rates.kappa(counts),
        tpr=rates.true_passes(counts),
        tnr=rates.true_fails(counts),
    )


def _among_people(items: Iterable[Item], good_from: float) -> tuple[float, int] | None:
    """Return how often two people who labelled the same item said the same: no metric can be asked for more."""
    same = [
        (first >= good_from) == (second >= good_from)
        for item in items
        for first, second in combinations(item.labels, 2)
    ]
    return (sum(same) / len(same), len(same)) if same else None

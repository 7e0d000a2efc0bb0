"""How far people agree with each other: no metric can be asked for more."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement import rates
from pytest_llmeval.records.label import standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records.label import Label


class Between(NamedTuple):
    """Two people on the answers that both have labelled by one metric; ``first`` is the "metric" of the counts."""

    metric: str
    first: str
    second: str
    counts: rates.Counts


def between(labels: Sequence[Label], good_from: float) -> list[Between]:
    """Set the labels of any two people against each other, by metric; sorted.

    Args:
        labels: in the order of their file; of one person's several for one answer the last counts.
        good_from: least label that counts as good.
    """
    of_subject: dict[tuple[str, str], dict[str, bool]] = defaultdict(dict)
    for label in standing(labels):
        if label.who:
            of_subject[label.metric, label.subject][label.who] = label.value >= good_from
    pairs: dict[tuple[str, str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for (metric, _), said in of_subject.items():
        for first, second in combinations(sorted(said), 2):
            pairs[metric, first, second].append((said[first], said[second]))
    return [Between(*who, rates.counted(pairs[who])) for who in sorted(pairs)]

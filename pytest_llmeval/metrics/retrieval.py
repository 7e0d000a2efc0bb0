"""Has a search found what it should have, and near the top? On ids: which passages are relevant, people have said."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import Final, Literal, TypeAlias

from pytest_llmeval.records import Score

METRIC: Final = "retrieval"
VERSION: Final = "1"
Measure: TypeAlias = Literal["recall", "precision", "average_precision", "ndcg", "reciprocal_rank"]
MEASURES: Final = ("recall", "precision", "average_precision", "ndcg", "reciprocal_rank")


def retrieval(found: Sequence[str], relevant: Collection[str], *, how: Measure, k: int | None = None) -> Score:
    """Score a ranked list of ids against those that are relevant.

    * ``recall``: the share of the relevant ids that were found.
    * ``precision``: the share of the found ids that are relevant.
    * ``average_precision``: the mean over the relevant ids of the precision at the rank where each was found, 0 for one
      that was not; called context precision elsewhere.
    * ``ndcg``: each relevant id weighs 1 / log2(rank + 1); divided by what the best order would have.
    * ``reciprocal_rank``: 1 / rank of the first relevant id; 0 where none was found.

    Args:
        found: ids, the best first; one that stands twice counts at its first place.
        relevant: ids.
        how: one of the above.
        k: look at the first so many only; from 1.

    Returns:
        A value in [0, 1]; unscored where nothing is relevant, since there is nothing to find.

    Source:
        Manning, Raghavan & Schütze 2008, "Introduction to Information Retrieval", section 8.4; Järvelin & Kekäläinen
        2002, "Cumulated gain-based evaluation of IR techniques".
    """
    version = f"{VERSION} {how}" + (f"@{k}" if k else "")
    wanted = set(relevant)
    if not wanted:
        return Score.unscored(METRIC, "no id is relevant", version=version)
    ranked = list(dict.fromkeys(found))[:k]
    hits = [one in wanted for one in ranked]
    missing = [one for one in dict.fromkeys(relevant) if one not in ranked]
    named = ", ".join(repr(one[:60]) for one in missing[:3]) + (", …" if len(missing) > 3 else "")  # noqa: PLR2004
    reason = f"{sum(hits)} of {len(wanted)} found in {len(ranked)}" + (f"; not {named}" if missing else "")
    value = _VALUES[how](hits, len(wanted), k)
    # Sums of the same parts in another order may be a rounding above 1.
    return Score(metric=METRIC, value=min(value, 1.0), reason=reason, version=version)


def _recall(hits: list[bool], n_relevant: int, k: int | None) -> float:
    del k
    return sum(hits) / n_relevant


def _precision(hits: list[bool], n_relevant: int, k: int | None) -> float:
    del n_relevant, k
    return sum(hits) / len(hits) if hits else 0.0


def _average_precision(hits: list[bool], n_relevant: int, k: int | None) -> float:
    precisions = [n / rank for rank, (hit, n) in enumerate(zip(hits, accumulate(hits), strict=True), 1) if hit]
    return math.fsum(precisions) / min(n_relevant, k or n_relevant)


def _ndcg(hits: list[bool], n_relevant: int, k: int | None) -> float:
    gained = math.fsum(1 / math.log2(rank + 1) for rank, hit in enumerate(hits, 1) if hit)
    return gained / math.fsum(1 / math.log2(rank + 1) for rank in range(1, min(n_relevant, k or n_relevant) + 1))


def _reciprocal_rank(hits: list[bool], n_relevant: int, k: int | None) -> float:
    del n_relevant, k
    return 1 / (hits.index(True) + 1) if any(hits) else 0.0


_VALUES: Final = {
    "recall": _recall,
    "precision": _precision,
    "average_precision": _average_precision,
    "ndcg": _ndcg,
    "reciprocal_rank": _reciprocal_rank,
}
